use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, BoxError};
use http_body::{Body as HttpBody, Frame};

use crate::dialect::FromArray;

/// A provider's array of events, as the server-sent events that were asked for.
pub(super) fn events(body: Body) -> Body {
    Body::new(EventBody {
        inner: body,
        reader: FromArray::default(),
    })
}

struct EventBody {
    inner: Body,
    reader: FromArray,
}

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let mut out = BytesMut::new();
            this.reader.push(&data, &mut out);
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.freeze()))));
            }
        }
    }
}
