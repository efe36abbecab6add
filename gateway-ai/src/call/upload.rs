//! A form that is sent on while it comes in.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, body::Prefixed};
use http_body::{Body as HttpBody, Frame, SizeHint};
use memchr::memmem::Finder;

use super::form::name;

/// `head`, then the rest of a form – as long as the rest names no other model. `seen` is what of the
/// head follows the model's name.
pub(super) fn upload(head: Bytes, seen: &[u8], delimiter: &str, rest: Body) -> Body {
    let mut watch = Watch::new(delimiter);
    // What is wrong with it is noticed when the rest comes.
    watch.take(seen);
    Body::new(Prefixed::new(
        [Ok(Frame::data(head))],
        Watched { inner: rest, watch },
    ))
}

#[derive(Debug)]
struct Watched {
    inner: Body,
    watch: Watch,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.watch.take(data);
        }
        if this.watch.odd {
            let error = GatewayError::new(ErrorKind::InvalidParameter)
                .detail("the field `model` is given twice or in another case");
            return Poll::Ready(Some(Err(error.into())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Looks at the names of fields that pass by.
#[derive(Debug)]
struct Watch {
    delimiter: Finder<'static>,
    /// What may be the beginning of a delimiter, or of a part's head.
    held: Vec<u8>,
    odd: bool,
}

impl Watch {
    fn new(delimiter: &str) -> Self {
        let delimiter = format!("\r\n{delimiter}");
        Self {
            delimiter: Finder::new(delimiter.as_bytes()).into_owned(),
            held: Vec::new(),
            odd: false,
        }
    }

    fn take(&mut self, data: &[u8]) {
        self.held.extend_from_slice(data);
        let length = self.delimiter.needle().len();
        let mut at = 0;
        while let Some(found) = self.delimiter.find(&self.held[at..]) {
            at += found;
            let head = &self.held[at + length..];
            if head.starts_with(b"--") {
                at += length;
                continue;
            }
            let Some(end) = memchr::memmem::find(head, b"\r\n\r\n") else {
                // Its end has not come; a head that long is none.
                self.odd |= head.len() > LONGEST_HEAD;
                self.held.drain(..at);
                return;
            };
            self.odd |= name(&head[..end]).is_some_and(|name| name.eq_ignore_ascii_case("model"));
            // The empty line may be the line before the next delimiter.
            at += length + end + 2;
        }
        let keep = (length - 1).min(self.held.len() - at);
        self.held.drain(..self.held.len() - keep);
    }
}

const LONGEST_HEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use gateway_core::body::collect;
    use http_body_util::StreamBody;

    use super::*;

    const MORE: &str = "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nRI--B\r\nFF\
                        \r\n--B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n";

    async fn sent(text: &str, size: usize) -> Result<Bytes, BoxError> {
        let (seen, rest) = text.split_at(7);
        let pieces: Vec<_> = rest
            .as_bytes()
            .chunks(size)
            .map(Bytes::copy_from_slice)
            .collect();
        let pieces = pieces
            .into_iter()
            .map(|piece| Ok::<_, BoxError>(Frame::data(piece)));
        let rest = Body::new(StreamBody::new(futures_util::stream::iter(pieces)));
        let head = Bytes::from(format!("head{seen}"));
        let collected = collect(upload(head, seen.as_bytes(), "--B", rest), 4096).await?;
        Ok(collected.into_parts().0)
    }

    #[tokio::test]
    async fn the_rest_follows_however_it_is_cut() {
        let text = format!("{MORE}\r\n--B--\r\n");
        for size in 1..text.len() {
            assert_eq!(
                sent(&text, size).await.expect("a body"),
                format!("head{text}")
            );
        }
    }

    #[tokio::test]
    async fn a_second_model_breaks_it_off() {
        for name in ["model", "MODEL"] {
            let text = MORE.replace("\"n\"", &format!("\"{name}\"")) + "x\r\n--B--\r\n";
            for size in [1, 2, 7, 50, 4096] {
                assert!(sent(&text, size).await.is_err(), "{name} {size}");
            }
        }
    }
}
