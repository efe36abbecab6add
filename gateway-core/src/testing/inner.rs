use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use http::HeaderMap;
use tower_service::Service;

use super::bodies;
use crate::{
    Body, Request, Response,
    body::{GuardedBody, collect},
};

/// The scripted service inside a layer under test.
///
/// It panics when it is called without having been polled ready – on *this* instance, since the
/// last call. It needs two polls to become ready, so that readiness taken for granted shows.
pub struct Inner {
    shared: Arc<Shared>,
    ready: Readiness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Unpolled,
    Asked,
    Ready,
}

struct Shared {
    answer: Answer,
    live: Arc<()>,
    calls: AtomicUsize,
    clones: AtomicUsize,
}

/// How [`Inner`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Two data frames, trailers, and in the headers what it saw of the request.
    Stream,
    /// `101 Switching Protocols` with `upgrade: echo`.
    Upgrade,
    /// [`InnerError`].
    Fail,
    /// Nothing, ever.
    Hang,
}

/// The error [`Inner`] fails with; a layer must pass on this very value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerError(pub u32);

impl fmt::Display for InnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scripted failure {}", self.0)
    }
}

impl std::error::Error for InnerError {}

/// Travels through the extensions of request and response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker(pub u32);

impl Inner {
    /// A service that always gives `answer`.
    #[must_use]
    pub fn new(answer: Answer) -> Self {
        let shared = Shared {
            answer,
            live: Arc::new(()),
            calls: AtomicUsize::new(0),
            clones: AtomicUsize::new(0),
        };
        Self {
            shared: Arc::new(shared),
            ready: Readiness::Unpolled,
        }
    }

    /// A view of the counters that outlives the service.
    pub(super) fn counters(&self) -> Counters {
        Counters {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// What [`Inner`] and its clones have counted.
pub(super) struct Counters {
    shared: Arc<Shared>,
}

impl Counters {
    pub(super) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }

    pub(super) fn clones(&self) -> usize {
        self.shared.clones.load(Ordering::Relaxed)
    }

    /// Futures and bodies of the inner service that are still alive.
    pub(super) fn live(&self) -> usize {
        Arc::strong_count(&self.shared.live) - 1
    }
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        self.shared.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: Arc::clone(&self.shared),
            ready: Readiness::Unpolled,
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("answer", &self.shared.answer)
            .finish_non_exhaustive()
    }
}

impl Service<Request> for Inner {
    type Response = Response;
    type Error = InnerError;
    type Future = InnerFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), InnerError>> {
        if self.ready == Readiness::Unpolled {
            self.ready = Readiness::Asked;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ready = Readiness::Ready;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> InnerFuture {
        assert!(
            self.ready == Readiness::Ready,
            "contract: the inner service was called without having been polled ready"
        );
        self.ready = Readiness::Unpolled;
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
        let guard = Arc::clone(&self.shared.live);
        let answer = self.shared.answer;
        InnerFuture {
            inner: Box::pin(answer_with(answer, request, guard)),
        }
    }
}

async fn answer_with(
    answer: Answer,
    request: Request,
    guard: Arc<()>,
) -> Result<Response, InnerError> {
    tokio::task::yield_now().await;
    match answer {
        Answer::Fail => Err(InnerError(7)),
        Answer::Hang => std::future::pending().await,
        Answer::Upgrade => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
            response
                .headers_mut()
                .insert("upgrade", http::HeaderValue::from_static("echo"));
            response
                .headers_mut()
                .insert("connection", http::HeaderValue::from_static("upgrade"));
            response.extensions_mut().insert(Marker(2));
            Ok(response)
        }
        Answer::Stream => Ok(stream(request, guard).await),
    }
}

async fn stream(request: Request, guard: Arc<()>) -> Response {
    let marker = request.extensions().get::<Marker>().copied();
    let read = collect(request.into_body(), 1 << 20)
        .await
        .unwrap_or_default();
    let body = bodies::frames(&["hello ", "world"], Some(bodies::trailers()));
    let mut response = Response::new(Body::new(GuardedBody::new(body, guard)));
    let headers = response.headers_mut();
    headers.insert("x-saw-bytes", read.bytes().len().into());
    headers.insert(
        "x-saw-trailers",
        read.trailers().map_or(0, HeaderMap::len).into(),
    );
    headers.insert(
        "x-saw-marker",
        marker.map_or(0, |Marker(value)| value).into(),
    );
    response.extensions_mut().insert(Marker(2));
    response
}

/// Response future of [`Inner`].
#[must_use = "futures do nothing unless polled"]
pub struct InnerFuture {
    inner: Pin<Box<dyn Future<Output = Result<Response, InnerError>> + Send>>,
}

impl Future for InnerFuture {
    type Output = Result<Response, InnerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for InnerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InnerFuture").finish_non_exhaustive()
    }
}
