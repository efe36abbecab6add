use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use smallvec::{IntoIter, SmallVec};

/// What was read of a body, then the rest of it.
#[derive(Debug)]
#[must_use = "dropping it drops what was read"]
pub struct Prefixed<B: HttpBody> {
    read: IntoIter<[Result<Frame<Bytes>, B::Error>; 1]>,
    /// How many bytes are left of what was read.
    left: u64,
    rest: B,
}

impl<B: HttpBody> Prefixed<B> {
    /// Puts what `rest` gave, `read`, before it again.
    pub fn new<R>(read: R, rest: B) -> Self
    where
        R: IntoIterator<Item = Result<Frame<Bytes>, B::Error>>,
    {
        let read: SmallVec<[_; 1]> = read.into_iter().collect();
        Self {
            left: read.iter().map(bytes).sum(),
            read: read.into_iter(),
            rest,
        }
    }
}

fn bytes<E>(read: &Result<Frame<Bytes>, E>) -> u64 {
    let frame = read.as_ref().ok();
    frame.and_then(Frame::data_ref).map_or(0, Bytes::len) as u64
}

impl<B> HttpBody for Prefixed<B>
where
    B: HttpBody<Data = Bytes, Error: Unpin> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(read) = self.read.next() {
            self.left -= bytes(&read);
            return Poll::Ready(Some(read));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.read.len() == 0 && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(self.left));
        }
        hint.set_lower(rest.lower().saturating_add(self.left));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[tokio::test]
    async fn the_length_is_what_is_left() {
        let read = ["ab", "c"].map(|data| Ok(Frame::data(Bytes::from_static(data.as_bytes()))));
        let mut body = Prefixed::new(read, Body::from("defg"));
        for (left, data) in [(7, "ab"), (5, "c"), (4, "defg")] {
            assert_eq!(body.size_hint().exact(), Some(left));
            assert!(!body.is_end_stream());
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let frame = frame.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), data);
        }
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn what_failed_fails_again() {
        let mut body = Prefixed::new([Err("broken".into())], Body::empty());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(!body.is_end_stream());
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert_eq!(
            frame.expect("it was read").unwrap_err().to_string(),
            "broken"
        );
        assert!(body.is_end_stream());
    }
}
