use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, Response};
use http::{HeaderValue, header};
use http_body::{Body as HttpBody, Frame};

use crate::dialect::IntoArray;

/// Writes a streamed answer of Gemini's as an array, for clients that did not ask for events; what
/// is no stream stays as it is.
pub(super) fn respond(response: Response) -> Response {
    let streams = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"));
    if !streams {
        return response;
    }
    let mut response = response.map(|inner| {
        Body::new(ArrayBody {
            inner: Some(inner),
            writer: IntoArray::default(),
        })
    });
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Each event an element, as soon as it is whole.
struct ArrayBody {
    /// The stream of events; gone once the array is closed.
    inner: Option<Body>,
    writer: IntoArray,
}

impl HttpBody for ArrayBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let mut out = BytesMut::new();
        while out.is_empty() {
            let Some(inner) = &mut this.inner else {
                return Poll::Ready(None);
            };
            match ready!(Pin::new(inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    // What cannot be written as an element ends the array unclosed, so that no
                    // client takes it for whole.
                    if this.writer.push(&data, &mut out).is_err() {
                        this.inner = None;
                    }
                }
                Some(Err(_)) => this.inner = None,
                None => {
                    this.writer.finish(&mut out);
                    this.inner = None;
                }
            }
        }
        Poll::Ready(Some(Ok(Frame::data(out.freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_none()
    }
}
