use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::ready_now;
use crate::{Body, BoxError, Request, Response};

/// Any infallible HTTP service, erased behind one shared pointer.
///
/// tower's boxed services clone by boxing again, which costs an allocation per layer of nesting and
/// request. Here cloning is a reference count and each call boxes one future: the price of storing
/// unlike stacks in one table. It is always ready; the inner service is polled ready inside the
/// call, on a clone of its own.
///
/// ```
/// use gateway_core::{Body, SharedService};
/// use tower::{ServiceExt, service_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let hello = service_fn(|_req: gateway_core::Request| async {
///     Ok::<_, std::convert::Infallible>(gateway_core::Response::new(Body::from("hello")))
/// });
/// let shared = SharedService::new(hello);
/// let response = shared.oneshot(gateway_core::Request::default()).await.unwrap();
/// assert_eq!(response.status(), 200);
/// # });
/// ```
#[derive(Clone)]
pub struct SharedService {
    inner: Arc<dyn Call>,
}

impl SharedService {
    /// Erases `service`.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            inner: Arc::new(Erased {
                at_hand: Mutex::new(service.clone()),
                service,
            }),
        }
    }

    /// Calls it: always ready, it needs no clone of its own for that.
    pub(super) fn start(&self, request: Request) -> ResponseFuture {
        ResponseFuture {
            inner: self.inner.call(request),
        }
    }
}

trait Call: Send + Sync {
    fn call(&self, request: Request) -> BoxFuture;
}

type BoxFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

struct Erased<S> {
    service: S,
    /// An instance for whoever finds it free: cloning a stack counts up a reference for most of its
    /// layers, and dropping the clone counts down again.
    at_hand: Mutex<S>,
}

impl<S, B> Call for Erased<S>
where
    S: Service<Request, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: Request) -> BoxFuture {
        // Never waited for: another thread, or a call within this one, clones. So does everybody after
        // a panic, of which the lock tells.
        let mut at_hand = self.at_hand.try_lock().ok();
        let mut clone = None;
        let service = match &mut at_hand {
            Some(service) => &mut **service,
            None => clone.insert(self.service.clone()),
        };
        Box::pin(match ready_now(service) {
            Poll::Ready(Ok(())) => Oneshot::Called {
                future: service.call(request),
            },
            // The instance that waits is the one to be called.
            Poll::Pending => Oneshot::Ready {
                service: std::mem::replace(service, self.service.clone()),
                request: Some(request),
            },
        })
    }
}

pin_project! {
    /// Polls its own clone ready if it was not, calls it, and erases the body. One allocation holds
    /// all of it.
    #[project = OneshotProj]
    enum Oneshot<S: Service<Request>> {
        Ready { service: S, request: Option<Request> },
        Called { #[pin] future: S::Future },
    }
}

impl<S, B> Future for Oneshot<S>
where
    S: Service<Request, Response = http::Response<B>, Error = Infallible>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        loop {
            let future = match self.as_mut().project() {
                OneshotProj::Called { future } => {
                    return future.poll(cx).map(|Ok(response)| response.map(Body::new));
                }
                OneshotProj::Ready { service, request } => match service.poll_ready(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => {
                        service.call(request.take().expect("called once, then replaced"))
                    }
                },
            };
            self.set(Self::Called { future });
        }
    }
}

impl Service<Request> for SharedService {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        self.start(request)
    }
}

impl fmt::Debug for SharedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedService").finish_non_exhaustive()
    }
}

/// Response future of [`SharedService`] and [`Reloadable`](super::Reloadable).
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: BoxFuture,
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{panic::AssertUnwindSafe, sync::OnceLock};

    use futures_util::FutureExt as _;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    async fn ask(service: &SharedService, path: &'static str) -> Response {
        let request = http::Request::builder().uri(path).body(Body::empty());
        let Ok(response) = service.clone().oneshot(request.unwrap()).await;
        response
    }

    #[tokio::test]
    async fn a_service_may_call_itself_within_its_call() {
        static SHARED: OnceLock<SharedService> = OnceLock::new();
        let shared = SharedService::new(service_fn(|request: Request| {
            let inner = (request.uri().path() == "/outer").then(|| {
                let shared = SHARED.get().unwrap();
                shared.start(Request::default())
            });
            async move {
                match inner {
                    Some(inner) => inner.await,
                    None => Ok(Response::new(Body::from("inner"))),
                }
            }
        }));
        SHARED.set(shared.clone()).unwrap();
        let body = ask(&shared, "/outer").await.into_body();
        assert_eq!(body.as_bytes().unwrap(), "inner");
    }

    #[tokio::test]
    async fn a_panic_within_a_call_is_of_that_call_alone() {
        let shared = SharedService::new(service_fn(|request: Request| {
            assert_ne!(request.uri().path(), "/panic", "on purpose");
            async { Ok::<_, Infallible>(Response::new(Body::empty())) }
        }));
        let panics = AssertUnwindSafe(ask(&shared, "/panic")).catch_unwind();
        assert!(panics.await.is_err());
        assert_eq!(ask(&shared, "/").await.status(), 200);
    }
}
