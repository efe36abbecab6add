use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, Response, body::GuardedBody};
use http::{Request, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower_service::Service;

use super::{
    permit::{Lease, Permit},
    pool::Waiting,
    service::{Shared, refuse, waited},
};

pin_project! {
    /// Response future of [`Concurrency`](super::Concurrency). Dropping it gives the place back, in
    /// the queue or out of it.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<R>, R> {
        #[pin]
        state: State<S, R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S: Service<R>, R> {
        Admitted { #[pin] inner: S::Future, trip: Option<Trip> },
        // Boxed: whoever waits pays for it, not every future that does not.
        Queued { patience: Pin<Box<Sleep>>, queued: Option<Box<Queued<S, R>>> },
        Refused { response: Option<Box<Response>> },
    }
}

/// A request that is not yet given away, the service that is ready for it, and its place in the
/// queue.
pub(super) struct Queued<S, R> {
    inner: S,
    request: R,
    // Before the lease, which looks whether anybody is left.
    waiting: Waiting,
    lease: Lease,
    shared: Arc<Shared>,
}

impl<S, R> Queued<S, R> {
    pub(super) const fn new(
        inner: S,
        request: R,
        waiting: Waiting,
        lease: Lease,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            inner,
            request,
            waiting,
            lease,
            shared,
        }
    }
}

/// A request on its way, and its place.
pub(super) struct Trip {
    permit: Held,
    start: Instant,
}

/// A place may be held twice: a request that asks to become a tunnel takes it along.
enum Held {
    Once(Permit),
    #[cfg(feature = "proxy")]
    Shared(Arc<Permit>),
}

impl Held {
    fn permit(&self) -> &Permit {
        match self {
            Self::Once(permit) => permit,
            #[cfg(feature = "proxy")]
            Self::Shared(permit) => permit,
        }
    }
}

impl Trip {
    pub(super) fn begin<B>(permit: Permit, start: Instant, request: &mut Request<B>) -> Self {
        Self {
            permit: held(permit, request),
            start,
        }
    }

    /// Moves the place into the body, if it has one that is not in memory.
    fn finish(self, response: Response) -> Response {
        let permit = self.permit.permit();
        permit.answered(self.start, is_overloaded(&response));
        if response.body().as_bytes().is_some()
            || response.status() == StatusCode::SWITCHING_PROTOCOLS
        {
            return response;
        }
        response.map(|body| Body::new(GuardedBody::new(body, self.permit)))
    }
}

#[cfg(feature = "proxy")]
fn held<B>(permit: Permit, request: &mut Request<B>) -> Held {
    if !request.headers().contains_key(http::header::UPGRADE) {
        return Held::Once(permit);
    }
    let permit = Arc::new(permit);
    crate::proxy::Hold::add(request.extensions_mut(), Arc::clone(&permit));
    Held::Shared(permit)
}

#[cfg(not(feature = "proxy"))]
const fn held<B>(permit: Permit, _: &mut Request<B>) -> Held {
    Held::Once(permit)
}

/// Whether the answer says that whoever is inside has too much to do, or is too slow.
fn is_overloaded(response: &Response) -> bool {
    match response
        .extensions()
        .get::<GatewayError>()
        .map(GatewayError::kind)
    {
        Some(kind) => matches!(
            kind,
            ErrorKind::UpstreamTimeout | ErrorKind::UpstreamReset | ErrorKind::UpstreamConnect
        ),
        None => matches!(
            response.status(),
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        ),
    }
}

impl<S: Service<R>, R> ResponseFuture<S, R> {
    pub(super) const fn admitted(inner: S::Future, trip: Trip) -> Self {
        Self {
            state: State::Admitted {
                inner,
                trip: Some(trip),
            },
        }
    }

    pub(super) fn queued(queued: Queued<S, R>, patience: Duration) -> Self {
        Self {
            state: State::Queued {
                patience: Box::pin(sleep(patience)),
                queued: Some(Box::new(queued)),
            },
        }
    }

    pub(super) fn refused(response: Response) -> Self {
        Self {
            state: State::Refused {
                response: Some(Box::new(response)),
            },
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = http::Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Refused { response } => {
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(*response));
                }
                StateProj::Admitted { inner, trip } => {
                    let response = ready!(inner.poll(cx))?.map(Body::new);
                    let trip = trip.take().expect("polled after completion");
                    return Poll::Ready(Ok(trip.finish(response)));
                }
                StateProj::Queued { patience, queued } => {
                    let waiting = &mut queued.as_mut().expect("one turn").waiting;
                    let turn = match Pin::new(&mut waiting.receiver).poll(cx) {
                        Poll::Ready(turn) => Some(turn),
                        Poll::Pending => {
                            ready!(patience.as_mut().poll(cx));
                            None
                        }
                    };
                    let queued = *queued.take().expect("one turn");
                    match turn {
                        Some(Ok(Ok(taken))) => queued.go(&taken),
                        // The sender does not go without a word: the pool is held by the lease.
                        Some(_) => queued.refused(|shared| shared.full()),
                        None => queued.refused(|_| waited()),
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, B> Queued<S, Request<B>>
where
    S: Service<Request<B>>,
{
    fn go(self, taken: &super::pool::Taken) -> State<S, Request<B>> {
        let Self {
            mut inner,
            mut request,
            waiting: _,
            lease,
            shared,
        } = self;
        let trip = Trip::begin(lease.permit(taken), shared.start, &mut request);
        State::Admitted {
            inner: inner.call(request),
            trip: Some(trip),
        }
    }

    fn refused(self, error: impl FnOnce(&Shared) -> GatewayError) -> State<S, Request<B>> {
        let error = error(&self.shared);
        State::Refused {
            response: Some(Box::new(refuse(&self.request, error))),
        }
    }
}

impl<S: Service<R>, R> fmt::Debug for ResponseFuture<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
