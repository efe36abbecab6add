use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, Deadline, ErrorKind, GatewayError, Outcome, Request, Responder, Response, turn,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    ResponseFuture,
    body::{Progress, TimedBody},
    clock::{self, Clock},
    future::Wait,
};

/// The service of [`TimeoutLayer`](super::TimeoutLayer).
///
/// See the [module docs](crate::timeout) for an example.
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) first_byte: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) upload_idle: Option<Duration>,
    pub(super) total: Option<Duration>,
    pub(super) header: bool,
}

/// What a refusal needs, taken before the request is given away.
#[derive(Debug)]
pub(super) struct Refuser {
    responder: Responder,
    outcome: Option<Outcome>,
}

impl Refuser {
    fn of(request: &Request) -> Self {
        Self {
            responder: Responder::of(request),
            outcome: request.extensions().get::<Outcome>().cloned(),
        }
    }

    pub(super) fn refuse(&self, error: GatewayError) -> Response {
        let error = error.layer("timeout");
        if let Some(outcome) = &self.outcome {
            outcome.update(|record| record.error = Some(error.clone()));
        }
        self.responder.refuse(error)
    }
}

impl Settings {
    /// The deadline of a request that arrives now: the earliest of what the request carries, what
    /// the layer allows and what the client asks for.
    fn deadline(&self, request: &Request, now: Instant) -> Result<Option<Deadline>, GatewayError> {
        let carried = request.extensions().get::<Deadline>().copied();
        let asked = if self.header { asked(request)? } else { None };
        let within = [self.total, asked].into_iter().flatten();
        // A time beyond what the clock can show is no bound.
        let own = within.filter_map(|within| now.checked_add(within).map(Deadline::new));
        Ok(own.chain(carried).min())
    }

    /// Watches the upload where there is something to watch: a body that is in memory cannot pause.
    fn watch_upload(&self, request: &mut Request) -> Option<Arc<Progress>> {
        let watched = self.first_byte.is_some() || self.upload_idle.is_some();
        if !watched || request.body().as_bytes().is_some() {
            return None;
        }
        let progress = Arc::new(Progress::new(turn::now()));
        let clock = Clock {
            deadline: None,
            patience: self.upload_idle,
        };
        let body = std::mem::take(request.body_mut());
        let body = TimedBody::new(body, clock, ErrorKind::RequestTimeout);
        *request.body_mut() = Body::new(body.report_to(Arc::clone(&progress)));
        Some(progress)
    }
}

fn asked(request: &Request) -> Result<Option<Duration>, GatewayError> {
    let Some(value) = request.headers().get(&HEADER) else {
        return Ok(None);
    };
    let timeout = value.to_str().ok().and_then(clock::parse).ok_or_else(|| {
        GatewayError::new(ErrorKind::InvalidParameter)
            .param(HEADER.as_str())
            .detail("write a whole number with `ms`, `s` or `m`")
    })?;
    Ok(Some(timeout))
}

/// Tells the next one who honours the header what there is, which may be less than was asked for.
fn pass_on(headers: &mut HeaderMap, deadline: Deadline, now: Instant) {
    if let Some(value) = headers.get_mut(&HEADER) {
        let left = deadline.at().saturating_duration_since(now);
        let left = HeaderValue::try_from(format!("{}ms", left.as_millis()));
        *value = left.expect("a number and `ms`");
    }
}

impl<S, B, ResBody> Service<http::Request<B>> for Timeout<S>
where
    S: Service<Request, Response = http::Response<ResBody>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        let now = turn::now();
        let deadline = match self.settings.deadline(&request, now) {
            Ok(deadline) => deadline,
            Err(error) => {
                return ResponseFuture::refused(Refuser::of(&request).refuse(error), now);
            }
        };
        if let Some(deadline) = deadline {
            if deadline.at() <= now {
                let error = GatewayError::new(ErrorKind::DeadlineExceeded);
                return ResponseFuture::refused(Refuser::of(&request).refuse(error), now);
            }
            request.extensions_mut().insert(deadline);
            if self.settings.header {
                pass_on(request.headers_mut(), deadline, now);
            }
        }
        let head = Clock {
            deadline: deadline.map(Deadline::at),
            patience: self.settings.first_byte,
        };
        let body = Clock {
            deadline: head.deadline,
            patience: self.settings.idle,
        };
        let wait = Wait {
            started: now,
            head,
            body,
            tunnel: request.method() == http::Method::CONNECT,
            refuser: (!head.is_off()).then(|| Refuser::of(&request)),
            progress: self.settings.watch_upload(&mut request),
        };
        ResponseFuture::waiting(self.inner.call(request), wait)
    }
}

static HEADER: HeaderName = HeaderName::from_static("x-gateway-timeout");
