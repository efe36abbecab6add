use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

use super::text::Decoder;

pin_project! {
    /// The request's body out of base64.
    pub(super) struct RequestBody {
        #[pin]
        inner: Body,
        decoder: Decoder,
    }
}

impl RequestBody {
    pub(super) fn new(inner: Body) -> Self {
        Self {
            inner,
            decoder: Decoder::default(),
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        loop {
            let frame = match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if this.decoder.is_complete() => return Poll::Ready(None),
                None => {
                    *this.decoder = Decoder::default();
                    return Poll::Ready(Some(Err(not_base64())));
                }
            };
            let data = match frame.into_data() {
                Ok(data) => data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            };
            match this.decoder.decode(&data) {
                Err(_) => return Poll::Ready(Some(Err(not_base64()))),
                // All of it waits for the rest of a group.
                Ok(decoded) if decoded.is_empty() => {}
                Ok(decoded) => return Poll::Ready(Some(Ok(Frame::data(decoded)))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && self.decoder.is_complete()
    }
}

fn not_base64() -> BoxError {
    GatewayError::new(ErrorKind::InvalidBody)
        .layer("grpc_web")
        .detail("the body is not base64")
        .into()
}
