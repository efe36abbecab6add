//! A request on its way. Written by hand: an `async` block keeps what it captures beside what it
//! awaits, and each level of them would double the size of the future that every request allocates.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use gateway_core::{Body, Request, Response, body::GuardedBody};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1::SendRequest},
};
use pin_project_lite::pin_project;
use tokio::task::Unconstrained;

use super::{
    driven,
    error::{Error, Failed},
    origin::Inner,
    pool::{H1, H2, Slot, StreamGuard},
};

pub(super) type Refused = TrySendError<Request>;
type Answer = Result<http::Response<Incoming>, Refused>;

pin_project! {
    /// A request that was handed to a connection, and what is done with the connection afterwards.
    #[project = ExchangeProj]
    pub(super) enum Exchange<F1, F2> {
        /// The whole request is in memory: this future and then the response's body run it.
        H1 { #[pin] sent: Unconstrained<F1>, conn: Option<H1> },
        /// A task runs it; `slot` is where the sender waits for the end of the response.
        Task { #[pin] sent: F1, sender: Option<SendRequest<Body>>, slot: Option<Arc<Slot>> },
        H2 { #[pin] sent: F2, conn: H2, stream: Option<StreamGuard> },
    }
}

impl<F1, F2> Exchange<F1, F2>
where
    F1: Future<Output = Answer>,
    F2: Future<Output = Answer>,
{
    pub(super) fn poll(
        self: Pin<&mut Self>,
        origin: &Arc<Inner>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response, Refused>> {
        Poll::Ready(match self.project() {
            ExchangeProj::H1 { mut sent, conn } => {
                if conn.as_mut().is_some_and(|conn| conn.run().is_ready()) {
                    // A request it had not taken yet is given back when it is gone.
                    *conn = None;
                }
                // Only the connection makes progress here, and only while it is run. Were the answer
                // to wake this task, every request would be polled once more for nothing.
                let mut noop = Context::from_waker(Waker::noop());
                let Poll::Ready(answer) = sent.as_mut().poll(&mut noop) else {
                    if let Some(conn) = conn {
                        conn.listen(cx);
                    }
                    return Poll::Pending;
                };
                let response = answer?;
                Ok(match conn.take() {
                    Some(conn) => driven::respond(response, conn, origin),
                    None => response.map(Body::new),
                })
            }
            ExchangeProj::Task { sent, sender, slot } => {
                let response = ready!(sent.poll(cx))?;
                if let (Some(sender), Some(slot)) = (sender.take(), slot) {
                    slot.park(sender);
                }
                Ok(response.map(Body::new))
            }
            ExchangeProj::H2 { sent, conn, stream } => match ready!(sent.poll(cx)) {
                Ok(response) => {
                    let stream = stream.take().expect("polled after completion");
                    Ok(response.map(|body| Body::new(GuardedBody::new(body, stream))))
                }
                Err(refused) => {
                    // It will not take another request either, also if it has not noticed yet.
                    origin.forget(conn);
                    Err(refused)
                }
            },
        })
    }
}

pin_project! {
    /// [`Origin::send`](super::Origin::send).
    pub(super) struct Sending<F1, F2> {
        #[pin]
        state: State<F1, F2>,
        origin: Arc<Inner>,
        upgrade: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F1, F2> {
        Pooled { #[pin] exchange: Exchange<F1, F2> },
        Slow { slow: Slow },
    }
}

/// Connecting is rare and its futures are large, so that they are boxed.
pub(super) type Slow = Pin<Box<dyn Future<Output = Result<Response, Failed>> + Send>>;

impl<F1, F2> Sending<F1, F2> {
    pub(super) const fn pooled(
        exchange: Exchange<F1, F2>,
        origin: Arc<Inner>,
        upgrade: bool,
    ) -> Self {
        Self {
            state: State::Pooled { exchange },
            origin,
            upgrade,
        }
    }

    pub(super) fn slow(slow: Slow, origin: Arc<Inner>, upgrade: bool) -> Self {
        Self {
            state: State::Slow { slow },
            origin,
            upgrade,
        }
    }
}

impl<F1, F2> Future for Sending<F1, F2>
where
    F1: Future<Output = Answer>,
    F2: Future<Output = Answer>,
{
    type Output = Result<Response, Failed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let refused = match this.state.as_mut().project() {
                StateProj::Slow { slow } => return slow.as_mut().poll(cx),
                StateProj::Pooled { exchange } => match ready!(exchange.poll(this.origin, cx)) {
                    Ok(response) => return Poll::Ready(Ok(response)),
                    Err(refused) => refused,
                },
            };
            let (request, _) = unwritten(refused)?;
            let slow = Arc::clone(this.origin).send_slowly(request, *this.upgrade);
            this.state.set(State::Slow {
                slow: Box::pin(slow),
            });
        }
    }
}

/// The request, if nothing of it was written, and why.
pub(super) fn unwritten(mut refused: Refused) -> Result<(Request, Error), Failed> {
    let request = refused.take_message();
    let error = Error::from_hyper(refused.into_error());
    match request {
        Some(request) => Ok((request, error)),
        None => Err(Failed::sent(error)),
    }
}
