//! Forms: held where they are small, sent on as they come where they are not.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, BoxError, ErrorKind, GatewayError};
use http_body::Body as HttpBody;

use super::shared::{Shared, unreadable};
use crate::{call::Form, error::AiError};

impl Shared {
    /// Reads a form until it is known which model it is for. What is held of it never exceeds the
    /// limit of a request: a client that sends its file first is told where it does.
    pub(super) async fn form<B>(
        &self,
        content_type: &str,
        body: B,
    ) -> Result<Result<Form, AiError>, GatewayError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut body = Body::new(body);
        let (mut held, mut look_at) = (BytesMut::new(), HELD.min(self.request_limit));
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let Some(frame) = frame else {
                return Ok(Form::read(held.freeze(), content_type));
            };
            let Ok(data) = frame.map_err(unreadable)?.into_data() else {
                continue;
            };
            held.extend_from_slice(&data);
            if held.len() < look_at {
                continue;
            }
            // Looked at again when there is twice as much, so that looking costs no more than reading.
            look_at = (held.len() * 2).min(self.request_limit.max(held.len() + 1));
            let (bytes, full) = (held.split().freeze(), self.request_limit);
            match Form::begin(bytes.clone(), content_type) {
                Err(error) => return Ok(Err(error)),
                Ok(Some(form)) => return Ok(Ok(form.with_rest(body))),
                Ok(None) if bytes.len() > full => {
                    return Err(GatewayError::new(ErrorKind::BodyTooLarge).detail(format!(
                        "the field `model` must stand in the first {full} bytes of a form"
                    )));
                }
                Ok(None) => {
                    held = bytes
                        .try_into_mut()
                        .unwrap_or_else(|bytes| bytes[..].into())
                }
            }
        }
    }
}

/// As much of a form as is held, so that it can be sent again should a provider fail.
const HELD: usize = 256 * 1024;
