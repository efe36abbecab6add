//! The layer over a scripted origin, on a paused clock.

mod collapse;
mod fill;
mod identity;
mod reuse;
mod stale;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, body::collect};
use http::{Request, Response};
use tower::ServiceExt as _;

use super::{Cache, CacheLayer};

gateway_core::contract!(passes_by, CacheLayer::memory(1 << 20), clones = 0);
gateway_core::contract!(
    passes_a_get_with_content,
    CacheLayer::memory(1 << 20).ttl(Duration::from_secs(60)),
    request = || {
        let mut request = gateway_core::testing::Contract::default_request();
        *request.method_mut() = http::Method::GET;
        request
    },
    clones = 0
);

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;
type Script = Box<dyn Fn(usize, &Request<Body>) -> Answering + Send + Sync>;

/// An origin that counts its calls and answers by script.
#[derive(Clone)]
struct Origin {
    calls: Arc<AtomicUsize>,
    script: Arc<Script>,
}

impl Origin {
    fn new<F, R>(script: F) -> Self
    where
        F: Fn(usize, &Request<Body>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        let script: Script = Box::new(move |call, request| {
            let answer = script(call, request);
            Box::pin(async move { Ok(answer.await) })
        });
        Self {
            calls: Arc::default(),
            script: Arc::new(script),
        }
    }

    /// Always the same response, at once.
    fn fixed(make: impl Fn() -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::new(move |_, _| std::future::ready(make()))
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn service(
        &self,
    ) -> impl tower_service::Service<
        Request<Body>,
        Response = Response<Body>,
        Error = Infallible,
        Future = Answering,
    > + Clone
    + Send
    + 'static {
        let this = self.clone();
        tower::service_fn(move |request: Request<Body>| {
            let call = this.calls.fetch_add(1, Ordering::SeqCst);
            (this.script)(call, &request)
        })
    }
}

async fn send<S>(service: &Cache<S>, request: Request<Body>) -> Response<Body>
where
    Cache<S>: tower_service::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone,
{
    service.clone().oneshot(request).await.unwrap()
}

/// Sends, and reads the answer to its end.
async fn fetch<S>(service: &Cache<S>, request: Request<Body>) -> (Response<()>, Bytes)
where
    Cache<S>: tower_service::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone,
{
    let (parts, body) = send(service, request).await.into_parts();
    let content = collect(body, 1 << 20).await.unwrap().into_parts().0;
    (Response::from_parts(parts, ()), content)
}

fn get(path: &str) -> Request<Body> {
    with(path, &[])
}

fn with(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut builder = Request::builder().uri(path).header("host", "a.example");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::empty()).unwrap()
}

fn response(headers: &[(&str, &str)], body: &'static str) -> Response<Body> {
    let mut builder = Response::builder();
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from(body)).unwrap()
}

fn minute(body: &'static str) -> Response<Body> {
    response(&[("cache-control", "max-age=60")], body)
}

fn layer() -> CacheLayer {
    CacheLayer::memory(1 << 20)
}

fn status<B>(response: &Response<B>) -> &str {
    response.headers()["cache-status"].to_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_layers_an_axum_router() {
    let hello = || async { ([("cache-control", "max-age=60")], "hello") };
    let router: axum::Router = axum::Router::new()
        .route("/", axum::routing::get(hello))
        .layer(layer());
    for expected in ["uri-miss", "; hit"] {
        let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert!(status(&answer).contains(expected));
        collect(answer.into_body(), 100).await.unwrap();
    }
}
