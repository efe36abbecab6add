use bytes::Bytes;
use gateway_core::{
    Body,
    body::{CollectError, collect},
};

/// The content of a body, of at most `limit` bytes.
///
/// Most bodies are in memory by the time they are asked for, and nothing waits for these. What waits
/// for the others is apart: whoever reads a body would have room for it, and be moved with it.
///
/// # Errors
///
/// As [`collect`] has it.
pub(crate) async fn whole(body: Body, limit: usize) -> Result<Bytes, CollectError> {
    match body.as_bytes() {
        Some(bytes) if bytes.len() <= limit => Ok(bytes.clone()),
        _ => Ok(Box::pin(collect(body, limit)).await?.into_parts().0),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::testing::frames;

    use super::*;

    #[tokio::test]
    async fn memory_and_frames_are_read_alike() {
        for body in [
            || Body::from("abcde"),
            || Body::new(frames(&["ab", "cde"], None)),
        ] {
            assert_eq!(whole(body(), 5).await.unwrap(), "abcde");
            let error = whole(body(), 4).await.unwrap_err();
            assert!(matches!(error, CollectError::TooLarge { limit: 4 }));
        }
        assert!(whole(Body::empty(), 0).await.unwrap().is_empty());
    }
}
