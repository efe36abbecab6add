use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{
    Attempt, Body, BoxError, Deadline, ErrorKind, GatewayError, Outcome, Request, Responder,
    Response, Upstream, service::Unsent,
};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower_service::Service;

use super::{On, again::Again, policy, service::Shared};

pin_project! {
    /// Response future of [`Retry`](super::Retry).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<Request>> {
        #[pin]
        state: State<S::Future>,
        // Runs while an attempt does, if attempts are bounded, and between attempts.
        #[pin]
        timer: Option<Sleep>,
        later: S,
        shared: Arc<Shared>,
        again: Option<Again>,
        trip: Trip,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Called { #[pin] future: F },
        Waiting { request: Option<Request> },
        Ready { request: Option<Request> },
    }
}

/// What is kept of the request over all attempts.
pub(super) struct Trip {
    responder: Responder,
    outcome: Option<Outcome>,
    deadline: Option<Deadline>,
    attempt: u32,
    /// Attempts as the upstream counts them: a balancer may have made two of one.
    counted: u32,
}

impl Trip {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            responder: Responder::of(request),
            outcome: request.extensions().get::<Outcome>().cloned(),
            deadline: request.extensions().get::<Deadline>().copied(),
            attempt: 1,
            counted: 0,
        }
    }

    /// Makes the answer tell of all attempts.
    fn finish(&self, response: &mut Response) {
        if self.attempt == 1 {
            return;
        }
        let Some(upstream) = response.extensions_mut().remove::<Upstream>() else {
            return;
        };
        let upstream = upstream.with_attempts(self.counted);
        if let Some(outcome) = &self.outcome {
            outcome.update(|record| record.upstream = Some(upstream.clone()));
        }
        response.extensions_mut().insert(upstream);
    }

    fn timed_out(&self) -> Response {
        let error = GatewayError::new(ErrorKind::UpstreamTimeout).layer("retry");
        if let Some(outcome) = &self.outcome {
            outcome.update(|record| record.error = Some(error.clone()));
        }
        self.responder.refuse(error)
    }
}

impl<S: Service<Request>> ResponseFuture<S> {
    pub(super) fn first(
        future: S::Future,
        later: S,
        shared: Arc<Shared>,
        trip: Trip,
        again: Option<Again>,
    ) -> Self {
        Self {
            state: State::Called { future },
            timer: shared.settings.per_try.map(sleep),
            later,
            shared,
            again,
            trip,
        }
    }
}

impl<S, ResBody> Future for ResponseFuture<S>
where
    S: Service<Request, Response = http::Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Called { future } => {
                    let mut response = match future.poll(cx) {
                        Poll::Ready(answered) => answered?.map(Body::new),
                        Poll::Pending => {
                            let Some(timer) = this.timer.as_mut().as_pin_mut() else {
                                return Poll::Pending;
                            };
                            ready!(timer.poll(cx));
                            this.trip.timed_out()
                        }
                    };
                    let plan = plan(this.shared, this.again.as_ref(), this.trip, &mut response);
                    let Some((request, delay)) = plan else {
                        this.trip.finish(&mut response);
                        return Poll::Ready(Ok(response));
                    };
                    this.timer.set(Some(sleep(delay)));
                    State::Waiting {
                        request: Some(request),
                    }
                }
                StateProj::Waiting { request } => {
                    let timer = this
                        .timer
                        .as_mut()
                        .as_pin_mut()
                        .expect("set with the state");
                    ready!(timer.poll(cx));
                    State::Ready {
                        request: request.take(),
                    }
                }
                StateProj::Ready { request } => {
                    ready!(this.later.poll_ready(cx))?;
                    let request = request.take().expect("called once, then replaced");
                    this.timer.set(this.shared.settings.per_try.map(sleep));
                    State::Called {
                        future: this.later.call(request),
                    }
                }
            };
            // Drops the attempt that failed before the next one begins.
            this.state.set(next);
        }
    }
}

/// The next attempt and the wait before it, or `None` if `response` is the answer.
fn plan(
    shared: &Shared,
    again: Option<&Again>,
    trip: &mut Trip,
    response: &mut Response,
) -> Option<(Request, Duration)> {
    let settings = &shared.settings;
    let upstream = response.extensions().get::<Upstream>();
    trip.counted += upstream.map_or(1, Upstream::attempts);
    if trip.attempt >= settings.attempts {
        return None;
    }
    let error = response.extensions().get::<GatewayError>();
    if !policy::is_worth(&settings.on, response.status(), error) {
        return None;
    }
    let delay = match policy::retry_after(response.headers()) {
        Some(asked) if asked > settings.retry_after => return None,
        Some(asked) => asked,
        None => shared.backoff(trip.attempt),
    };
    if let Some(deadline) = trip.deadline
        && deadline.remaining(Instant::now()) <= delay
    {
        return None;
    }
    let unsent =
        settings.on.contains(&On::Connect) && response.extensions().get::<Unsent>().is_some();
    let possible = unsent || again.is_some_and(Again::is_possible);
    if !possible || !shared.withdraw() {
        return None;
    }
    // A request that was not sent goes out whatever its method; another only as a copy.
    let mut request = match Unsent::take(response.extensions_mut()) {
        Some(request) if unsent => *request,
        _ => again?.request()?,
    };
    trip.attempt += 1;
    request.extensions_mut().insert(Attempt::new(trip.attempt));
    // What the failed attempt has written there is not how this request ends.
    if let Some(outcome) = &trip.outcome {
        outcome.update(|record| record.error = None);
    }
    Some((request, delay))
}

impl<S: Service<Request>> fmt::Debug for ResponseFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
