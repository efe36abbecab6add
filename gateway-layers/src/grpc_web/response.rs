use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::BoxError;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

use super::{content::Encoding, text, trailers};

pin_project! {
    /// The answer's body with its trailers inside, in base64 if the client wants it so.
    ///
    /// The length is not the inner one's, and not known before the trailers are.
    pub(super) struct ResponseBody<B> {
        #[pin]
        inner: B,
        encoding: Encoding,
        done: bool,
    }
}

impl<B> ResponseBody<B> {
    pub(super) const fn new(inner: B, encoding: Encoding) -> Self {
        Self {
            inner,
            encoding,
            done: false,
        }
    }
}

impl<B> HttpBody for ResponseBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        if *this.done {
            return Poll::Ready(None);
        }
        let Some(frame) = ready!(this.inner.poll_frame(cx)) else {
            *this.done = true;
            return Poll::Ready(None);
        };
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                *this.done = true;
                return Poll::Ready(Some(Err(error.into())));
            }
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => {
                    *this.done = true;
                    trailers::frame(&trailers)
                }
                Err(unknown) => return Poll::Ready(Some(Ok(unknown))),
            },
        };
        let data = match *this.encoding {
            Encoding::Binary => data,
            Encoding::Text => text::encode(&data),
        };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }
}
