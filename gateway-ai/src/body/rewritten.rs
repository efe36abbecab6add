use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, BoxError};
use http_body::{Body as HttpBody, Frame};

/// `body` as `rewrite` writes it: it is shown the data as they come, and may hold back what is not
/// whole yet. Where it fails, what it had written is still delivered, and then the failure.
///
/// What it holds at the end of `body` is lost, and so are trailers: both belong to what was there
/// before.
pub(crate) fn rewritten<F>(body: Body, rewrite: F) -> Body
where
    F: FnMut(&[u8], &mut BytesMut) -> Result<(), &'static str> + Send + Unpin + 'static,
{
    Body::new(Rewritten {
        inner: body,
        rewrite,
        failure: None,
    })
}

struct Rewritten<F> {
    inner: Body,
    rewrite: F,
    failure: Option<&'static str>,
}

impl<F> HttpBody for Rewritten<F>
where
    F: FnMut(&[u8], &mut BytesMut) -> Result<(), &'static str> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            if let Some(failure) = this.failure {
                return Poll::Ready(Some(Err(failure.into())));
            }
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let mut out = BytesMut::new();
            this.failure = (this.rewrite)(&data, &mut out).err();
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.freeze()))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::testing::frames;

    use super::*;

    #[tokio::test]
    async fn what_came_whole_is_delivered_before_the_failure() {
        let inner = frames(&["a", "", "b!c", "d"], None);
        let mut body = rewritten(inner, |data, out| {
            for byte in data {
                if *byte == b'!' {
                    return Err("no");
                }
                out.extend_from_slice(&[*byte, *byte]);
            }
            Ok(())
        });
        let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        for expected in ["aa", "bb"] {
            let frame = next().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), expected);
        }
        for _ in 0..2 {
            let error = next().await.expect("not the end").expect_err("an error");
            assert_eq!(error.to_string(), "no");
        }
    }
}
