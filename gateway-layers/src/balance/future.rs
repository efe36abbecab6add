use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, GatewayError, Outcome, Request, Response, Upstream,
    body::GuardedBody,
    service::{Unsent, ready_now},
    turn,
};
use http::{HeaderValue, StatusCode, header};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    EndpointState,
    outlier::Ending,
    shared::{Chosen, Shared},
    state::LoadGuard,
};
use crate::circuit_breaker::{Permit, Verdict, watched};

pin_project! {
    /// Response future of [`Balance`](super::Balance). Dropping it cancels the request, and counts
    /// against the endpoint as an answer that takes at least as long as was waited.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<Request>> {
        #[pin]
        state: State<S>,
        shared: Arc<Shared<S>>,
        second: Option<Second>,
        cookie: Option<Box<HeaderValue>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S: Service<Request>> {
        Ready { service: S, request: Option<Request>, attempt: Option<Attempt> },
        Called { #[pin] future: S::Future, attempt: Option<Attempt> },
        Done { answer: Option<Result<Box<Response>, S::Error>> },
    }
}

/// What the second attempt must set right: the first left its traces in the outcome.
struct Second {
    outcome: Option<Outcome>,
}

impl<S: Service<Request>> ResponseFuture<S> {
    pub(super) fn new(shared: Arc<Shared<S>>, chosen: Chosen<S>, request: Request) -> Self {
        let (state, cookie) = State::first(&shared, chosen, request);
        Self {
            state,
            shared,
            second: None,
            cookie,
        }
    }

    pub(super) fn refused(shared: Arc<Shared<S>>, response: Response) -> Self {
        Self {
            state: State::Done {
                answer: Some(Ok(Box::new(response))),
            },
            shared,
            second: None,
            cookie: None,
        }
    }
}

impl<S: Service<Request>> State<S> {
    fn first(
        shared: &Shared<S>,
        chosen: Chosen<S>,
        mut request: Request,
    ) -> (Self, Option<Box<HeaderValue>>) {
        let Chosen {
            mut service,
            at,
            load,
            permit,
            cookie,
        } = chosen;
        hold_for_tunnel(&mut request, &load);
        let attempt = Some(Attempt::new(shared, at, load, permit));
        let state = match ready_now(&mut service) {
            Poll::Ready(Ok(())) => Self::Called {
                future: service.call(request),
                attempt,
            },
            Poll::Ready(Err(error)) => Self::Done {
                answer: Some(Err(error)),
            },
            Poll::Pending => Self::Ready {
                service,
                request: Some(request),
                attempt,
            },
        };
        (state, cookie)
    }
}

impl<S, ResBody> Future for ResponseFuture<S>
where
    S: Service<Request, Response = http::Response<ResBody>> + Clone,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Done { answer } => {
                    let answer = answer.take().expect("polled after completion");
                    return Poll::Ready(answer.map(|response| *response));
                }
                StateProj::Ready {
                    service,
                    request,
                    attempt,
                } => {
                    ready!(service.poll_ready(cx))?;
                    let request = request.take().expect("called once, then replaced");
                    State::Called {
                        future: service.call(request),
                        attempt: attempt.take(),
                    }
                }
                StateProj::Called { future, attempt } => {
                    let answered = ready!(future.poll(cx));
                    let attempt = attempt.take().expect("polled after completion");
                    let mut response = match answered {
                        Ok(response) => response.map(Body::new),
                        Err(error) => {
                            attempt.failed(this.shared);
                            return Poll::Ready(Err(error));
                        }
                    };
                    let ending = ending(&response);
                    let (load, permit) = attempt.finish(ending == Ending::GatewayFailure);
                    let watch = permit.and_then(|permit| permit.settle(&response));
                    this.shared.observe(load.state(), ending);
                    match this.second.take() {
                        Some(second) => second.correct(&mut response),
                        None => {
                            if let Some(request) = Unsent::take(response.extensions_mut()) {
                                match elsewhere(this.shared, load.state(), request) {
                                    Ok((state, cookie, second)) => {
                                        *this.second = Some(second);
                                        *this.cookie = cookie;
                                        this.state.set(state);
                                        continue;
                                    }
                                    // For whoever can wait and try again.
                                    Err(request) => {
                                        response.extensions_mut().insert(Unsent::new(request));
                                    }
                                }
                            }
                        }
                    }
                    if ending != Ending::GatewayFailure {
                        remember(this.cookie.take(), &mut response);
                    }
                    let response = watched(response, watch);
                    return Poll::Ready(Ok(response.map(|body| guard(body, load))));
                }
            };
            this.state.set(next);
        }
    }
}

/// One immediate try at another endpoint, for a request of which nothing was sent: whatever its
/// method, it cannot happen twice.
fn elsewhere<S>(
    shared: &Shared<S>,
    tried: &EndpointState,
    mut request: Box<Request>,
) -> Result<(State<S>, Option<Box<HeaderValue>>, Second), Box<Request>>
where
    S: Service<Request> + Clone,
{
    let Some(chosen) = shared.choose(&request, Some(tried)) else {
        return Err(request);
    };
    let outcome = request.extensions_mut().get::<Outcome>().cloned();
    if let Some(outcome) = &outcome {
        outcome.update(|record| record.error = None);
    }
    let (state, cookie) = State::first(shared, chosen, *request);
    Ok((state, cookie, Second { outcome }))
}

impl Second {
    fn correct(self, response: &mut Response) {
        let upstream = response.extensions_mut().remove::<Upstream>();
        let Some(upstream) = upstream.map(|upstream| upstream.with_attempts(2)) else {
            return;
        };
        if let Some(outcome) = self.outcome {
            outcome.update(|record| record.upstream = Some(upstream.clone()));
        }
        response.extensions_mut().insert(upstream);
    }
}

fn remember(cookie: Option<Box<HeaderValue>>, response: &mut Response) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, *cookie);
    }
}

/// A body that is in memory, a refusal or none at all, needs no guard: its request is over.
fn guard(body: Body, load: LoadGuard) -> Body {
    if body.as_bytes().is_some() {
        return body;
    }
    Body::new(GuardedBody::new(body, load))
}

/// A request that becomes a tunnel is under way until the tunnel ends.
#[cfg(feature = "proxy")]
fn hold_for_tunnel(request: &mut Request, load: &LoadGuard) {
    if request.headers().contains_key(http::header::UPGRADE) {
        crate::proxy::Hold::add(request.extensions_mut(), load.state().open());
    }
}

#[cfg(not(feature = "proxy"))]
const fn hold_for_tunnel(_: &mut Request, _: &LoadGuard) {}

/// Whether the answer says that the endpoint, not the request, is at fault.
fn ending(response: &Response) -> Ending {
    let gone = match response.extensions().get::<GatewayError>() {
        Some(error) => error.kind().proxy_error().is_some(),
        None => matches!(
            response.status(),
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        ),
    };
    match response.status().is_server_error() {
        _ if gone => Ending::GatewayFailure,
        true => Ending::ServerError,
        false => Ending::Good,
    }
}

/// One request under way, until its head.
struct Attempt {
    load: Option<LoadGuard>,
    permit: Option<Permit>,
    started: Instant,
    clock: Clock,
}

/// What is needed to record a latency, also in `Drop`.
#[derive(Clone, Copy)]
struct Clock {
    start: Instant,
    decay: std::time::Duration,
}

impl Attempt {
    fn new<S>(
        shared: &Shared<S>,
        started: Instant,
        load: LoadGuard,
        permit: Option<Permit>,
    ) -> Self {
        Self {
            load: Some(load),
            permit,
            started,
            clock: Clock {
                start: shared.start(),
                decay: shared.picker.decay,
            },
        }
    }

    /// There is no answer at all.
    fn failed<S>(self, shared: &Shared<S>) {
        let (load, permit) = self.finish(true);
        shared.observe(load.state(), Ending::GatewayFailure);
        permit.and_then(|permit| permit.settle_as(Verdict::Failure));
    }

    fn finish(mut self, failed: bool) -> (LoadGuard, Option<Permit>) {
        let load = self.load.take().expect("taken once, here or in `drop`");
        let (now, took) = self.clock.read(self.started);
        let latency = load.state().latency();
        if failed {
            latency.failed(took, now, self.clock.decay);
        } else {
            latency.record(took, now, self.clock.decay);
        }
        (load, self.permit.take())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(load) = self.load.take() {
            let (now, took) = self.clock.read(self.started);
            load.state().latency().at_least(took, now, self.clock.decay);
        }
    }
}

impl Clock {
    fn read(self, started: Instant) -> (super::ewma::Millis, std::time::Duration) {
        let now = turn::now();
        let at = super::ewma::Millis::since_start(now.saturating_duration_since(self.start));
        (at, now.saturating_duration_since(started))
    }
}

impl<S: Service<Request>> fmt::Debug for ResponseFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
