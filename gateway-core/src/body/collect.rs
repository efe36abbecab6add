use std::{fmt, pin::pin};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body as HttpBody;

use super::Body;
use crate::BoxError;

/// A body read whole: its bytes and, if it had any, its trailers.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
}

impl Collected {
    /// The content.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The trailers, if the body ended with some.
    #[must_use]
    pub const fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Splits into content and trailers.
    #[must_use]
    pub fn into_parts(self) -> (Bytes, Option<HeaderMap>) {
        (self.bytes, self.trailers)
    }

    /// A body that gives the same frames again.
    #[must_use]
    pub fn into_body(self) -> Body {
        use http_body_util::BodyExt as _;
        match self.trailers {
            None => Body::from(self.bytes),
            Some(trailers) => Body::new(
                http_body_util::Full::new(self.bytes)
                    .with_trailers(std::future::ready(Some(Ok(trailers)))),
            ),
        }
    }
}

/// Why a body could not be read whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum CollectError {
    /// More than `limit` bytes, announced or received. Nothing beyond the limit was kept.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body itself failed: the peer went away or broke the framing.
    Body(BoxError),
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "body exceeds {limit} bytes"),
            Self::Body(_) => f.write_str("body could not be read"),
        }
    }
}

impl std::error::Error for CollectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Body(error) => Some(&**error),
        }
    }
}

/// Reads `body` to its end, keeping at most `limit` bytes.
///
/// A body that announces more than `limit` is refused before a byte is read. A body that arrives
/// in one frame is not copied.
///
/// # Errors
///
/// [`CollectError::TooLarge`] beyond the limit, [`CollectError::Body`] if the body fails.
///
/// # Cancellation
///
/// Dropping the future drops the body; what was read is lost.
pub async fn collect<B>(body: B, limit: usize) -> Result<Collected, CollectError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(CollectError::TooLarge { limit });
    }
    let expected = body.size_hint().lower();
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    let mut trailers = None;
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame
            .map_err(|error| CollectError::Body(error.into()))?
            .into_data()
        {
            Ok(data) => {
                let have = rest.as_ref().map_or(first.len(), BytesMut::len);
                if have + data.len() > limit {
                    return Err(CollectError::TooLarge { limit });
                }
                match &mut rest {
                    Some(buffer) => buffer.extend_from_slice(&data),
                    None if first.is_empty() => first = data,
                    None => rest = Some(join(&first, &data, expected)),
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok(Collected {
        bytes: rest.map_or(first, BytesMut::freeze),
        trailers,
    })
}

/// Starts the growing buffer; `expected` has been checked against the caller's limit.
fn join(first: &Bytes, second: &Bytes, expected: u64) -> BytesMut {
    let have = first.len() + second.len();
    let mut buffer = BytesMut::with_capacity(have.max(usize::try_from(expected).unwrap_or(have)));
    buffer.extend_from_slice(first);
    buffer.extend_from_slice(second);
    buffer
}

#[cfg(test)]
mod tests {
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn chunks(parts: &[&'static str]) -> impl HttpBody<Data = Bytes, Error = BoxError> + use<> {
        let frames: Vec<_> = parts
            .iter()
            .map(|p| Ok::<_, BoxError>(Frame::data(Bytes::from_static(p.as_bytes()))))
            .collect();
        StreamBody::new(futures_util::stream::iter(frames))
    }

    #[tokio::test]
    async fn joins_frames_up_to_the_limit() {
        let read = collect(chunks(&["ab", "cd", "e"]), 5).await.unwrap();
        assert_eq!(read.bytes(), "abcde");
    }

    #[tokio::test]
    async fn refuses_one_byte_more() {
        let error = collect(chunks(&["ab", "cd", "e"]), 4).await.unwrap_err();
        assert!(matches!(error, CollectError::TooLarge { limit: 4 }));
    }

    #[tokio::test]
    async fn refuses_an_announced_length_unread() {
        let error = collect(Body::from("12345"), 4).await.unwrap_err();
        assert!(matches!(error, CollectError::TooLarge { limit: 4 }));
    }

    #[tokio::test]
    async fn trailers_survive_the_round_trip() {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        let collected = Collected {
            bytes: Bytes::from_static(b"x"),
            trailers: Some(trailers.clone()),
        };
        let again = collect(collected.into_body(), 10).await.unwrap();
        assert_eq!(again.trailers(), Some(&trailers));
        assert_eq!(again.bytes(), "x");
    }
}
