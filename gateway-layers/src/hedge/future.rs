use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, GatewayError, Outcome, Request, Response, Upstream};
use http::StatusCode;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower_service::Service;

use super::service::{Shared, copy};

pin_project! {
    /// Response future of [`Hedge`](super::Hedge). Dropping it cancels all attempts.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<Request>> {
        #[pin]
        first: Option<S::Future>,
        // Boxed: whoever may ask again pays for it, not every future that does not.
        race: Option<Box<Race<S>>>,
    }
}

/// What is needed to ask again.
pub(super) struct Race<S: Service<Request>> {
    later: S,
    request: Request,
    others: Vec<Pin<Box<S::Future>>>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The budget has paid for an attempt that is not yet made.
    paid: bool,
    sent: u32,
    /// The first good answer, or else the first.
    best: Option<Result<Response, S::Error>>,
    outcome: Option<Outcome>,
    started: Instant,
    shared: Arc<Shared>,
}

impl<S: Service<Request>> Race<S> {
    pub(super) fn new(later: S, request: Request, shared: Arc<Shared>) -> Self {
        Self {
            later,
            outcome: request.extensions().get::<Outcome>().cloned(),
            request,
            others: Vec::new(),
            timer: shared.delay().map(|delay| Box::pin(sleep(delay))),
            paid: false,
            sent: 0,
            best: None,
            started: Instant::now(),
            shared,
        }
    }

    /// Asks again when it is time to. Pending while it is not, or never will be.
    fn poll_again(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        if !self.paid {
            ready!(timer.as_mut().poll(cx));
            if !self.shared.budget.withdraw() {
                self.timer = None;
                return Poll::Pending;
            }
            self.paid = true;
        }
        if ready!(self.later.poll_ready(cx)).is_err() {
            // The attempts under way are none the worse for it.
            self.timer = None;
            return Poll::Pending;
        }
        self.paid = false;
        self.sent += 1;
        let delay = self.shared.delay().filter(|_| self.sent < self.shared.max);
        self.timer = delay.map(|delay| Box::pin(sleep(delay)));
        let request = copy(&self.request);
        self.others.push(Box::pin(self.later.call(request)));
        Poll::Ready(())
    }

    /// Makes the answer tell of all attempts; those that lost may have written something else.
    fn finish(&self, answered: Result<Response, S::Error>) -> Result<Response, S::Error> {
        let mut response = answered?;
        self.shared.record(self.started.elapsed());
        if self.sent == 0 {
            return Ok(response);
        }
        let upstream = response.extensions_mut().remove::<Upstream>();
        let upstream = upstream.map(|upstream| {
            let attempts = upstream.attempts() + self.sent;
            upstream.with_attempts(attempts)
        });
        if let Some(outcome) = &self.outcome {
            outcome.update(|record| {
                record.error = response.extensions().get::<GatewayError>().cloned();
                record.upstream.clone_from(&upstream);
            });
        }
        if let Some(upstream) = upstream {
            response.extensions_mut().insert(upstream);
        }
        Ok(response)
    }
}

impl<S: Service<Request>> ResponseFuture<S> {
    pub(super) const fn plain(first: S::Future) -> Self {
        Self {
            first: Some(first),
            race: None,
        }
    }

    pub(super) fn racing(first: S::Future, race: Race<S>) -> Self {
        Self {
            first: Some(first),
            race: Some(Box::new(race)),
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
        let Some(race) = this.race else {
            let first = this.first.as_pin_mut().expect("polled after completion");
            return first.poll(cx).map_ok(|response| response.map(Body::new));
        };
        loop {
            if let Some(first) = this.first.as_mut().as_pin_mut()
                && let Poll::Ready(answered) = first.poll(cx)
            {
                this.first.set(None);
                race.take(answered.map(|response| response.map(Body::new)));
            }
            let mut index = 0;
            while let Some(other) = race.others.get_mut(index) {
                match other.as_mut().poll(cx) {
                    Poll::Pending => index += 1,
                    Poll::Ready(answered) => {
                        drop(race.others.swap_remove(index));
                        race.take(answered.map(|response| response.map(Body::new)));
                    }
                }
            }
            let alone = this.first.is_none() && race.others.is_empty();
            if (alone || race.best.as_ref().is_some_and(is_good))
                && let Some(answered) = race.best.take()
            {
                // Cancels whoever lost.
                this.first.set(None);
                race.others.clear();
                return Poll::Ready(race.finish(answered));
            }
            ready!(race.poll_again(cx));
        }
    }
}

impl<S: Service<Request>> Race<S> {
    /// Keeps the first answer, or the first good one.
    fn take(&mut self, answered: Result<Response, S::Error>) {
        if self
            .best
            .as_ref()
            .is_none_or(|best| !is_good(best) && is_good(&answered))
        {
            self.best = Some(answered);
        }
    }
}

/// Whether there is no reason to wait for another answer.
fn is_good<E>(answered: &Result<Response, E>) -> bool {
    answered.as_ref().is_ok_and(|response| {
        let status = response.status();
        let bad = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        !bad && response.extensions().get::<GatewayError>().is_none()
    })
}

impl<S: Service<Request>> fmt::Debug for ResponseFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
