use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
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
            inner: Arc::new(Erased { service }),
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
        let mut service = self.service.clone();
        Box::pin(match ready_now(&mut service) {
            Poll::Ready(Ok(())) => Oneshot::Called {
                future: service.call(request),
            },
            Poll::Pending => Oneshot::Ready {
                service,
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
