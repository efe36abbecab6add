use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use gateway_core::{
    Body, Deadline, GatewayError, Outcome, Request, Response, SharedService,
    body::{End, Observe, collect},
};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use http_body_util::{BodyExt as _, Full};
use tokio::time::timeout;
use tower_service::Service as _;

use super::{Mirrored, service::Shared, tasks::Ticket};

/// The head of a copy: what the other side needs to answer, and nothing of what the client waits for.
pub(super) fn head(parts: &Parts) -> Parts {
    let mut copy = parts.clone();
    copy.extensions.remove::<Outcome>();
    copy.extensions.remove::<Deadline>();
    copy.headers.remove(header::EXPECT);
    copy.headers
        .insert(MIRROR, const { HeaderValue::from_static("1") });
    copy
}

/// A copy that is sent when the body has passed.
pub(super) struct Tee {
    shared: Arc<Shared>,
    head: Box<Parts>,
    kept: Vec<Bytes>,
    bytes: usize,
    trailers: Option<HeaderMap>,
    ticket: Option<Ticket>,
}

impl Tee {
    pub(super) fn new(shared: Arc<Shared>, head: Box<Parts>, ticket: Ticket) -> Self {
        Self {
            shared,
            head,
            kept: Vec::new(),
            bytes: 0,
            trailers: None,
            ticket: Some(ticket),
        }
    }

    fn body(&mut self) -> Body {
        let kept = std::mem::take(&mut self.kept);
        let bytes = match <[Bytes; 1]>::try_from(kept) {
            Ok([only]) => only,
            Err(many) => many.iter().fold(BytesMut::new(), joined).freeze(),
        };
        match self.trailers.take() {
            None => Body::from(bytes),
            Some(trailers) => {
                let trailers = std::future::ready(Some(Ok(trailers)));
                Body::new(Full::new(bytes).with_trailers(trailers))
            }
        }
    }
}

fn joined(mut buffer: BytesMut, piece: &Bytes) -> BytesMut {
    buffer.extend_from_slice(piece);
    buffer
}

impl Observe for Tee {
    fn on_data(&mut self, data: &Bytes) {
        self.bytes += data.len();
        if self.bytes > self.shared.settings.max_body {
            self.kept = Vec::new();
            if let Some(ticket) = self.ticket.take() {
                ticket.end(Mirrored::TooLarge);
            }
        } else {
            self.kept.push(data.clone());
        }
    }

    fn on_trailers(&mut self, trailers: &HeaderMap) {
        self.trailers = Some(trailers.clone());
    }

    fn on_end(mut self, end: End) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        if end == End::Complete {
            let body = self.body();
            self.shared.send(*self.head, body, ticket);
        }
    }
}

/// Sends a copy and reads its answer away.
pub(super) async fn deliver(
    mut target: SharedService,
    request: Request,
    ticket: Ticket,
    longest: Duration,
    max_answer: usize,
) {
    let answered = timeout(longest, async {
        let Ok(response) = target.call(request).await;
        let end = end_of(&response);
        // What is longer costs a connection, and that is less than reading it.
        _ = collect(response.into_body(), max_answer).await;
        end
    });
    ticket.end(answered.await.unwrap_or(Mirrored::TimedOut));
}

fn end_of(response: &Response) -> Mirrored {
    match response.extensions().get::<GatewayError>() {
        Some(_) => Mirrored::Failed,
        None => Mirrored::Sent,
    }
}

const MIRROR: HeaderName = HeaderName::from_static("x-gateway-mirror");
