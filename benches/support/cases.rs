//! One request through each layer over an inner service that does nothing: what the layer costs.
//!
//! A case is set up once and run many times. Everything a layer decides here is decided in memory,
//! so each run completes at its first poll: no runtime, no clock and no socket in the figure.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use gateway_core::{Body, Key, Request, Response, SharedService};
use gateway_layers::{
    api_key::{ApiKey, ApiKeyLayer},
    balance::{Balance, Endpoint},
    cache::CacheLayer,
    client_ip::{ClientIpLayer, PeerAddr},
    observe::{AccessLog, Format, Metrics, ObserveLayer},
    rate_limit::{RateLimitLayer, per_second},
    request_id::RequestIdLayer,
    router::{Router, Rule},
    timeout::TimeoutLayer,
};
use http_body::Body as _;
use tower::{Layer, Service, ServiceBuilder};

/// A layer, and what one request may allocate in it.
pub struct Case {
    /// The layer's folder, or what is measured.
    pub name: &'static str,
    /// Allocations of one request, request and response themselves not counted.
    pub budget: u64,
    /// Makes the request that is sent; not part of the figure.
    pub request: fn() -> Request,
    /// Sends it and reads the answer.
    pub run: Box<dyn FnMut(Request)>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("budget", &self.budget)
            .finish()
    }
}

/// Answers at once.
#[derive(Clone, Debug)]
pub struct Nothing;

impl Service<Request> for Nothing {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        let mut response = Response::new(Body::from("hello"));
        let value = http::HeaderValue::from_static("max-age=3600");
        response
            .headers_mut()
            .insert(http::header::CACHE_CONTROL, value);
        ready(Ok(response))
    }
}

fn get() -> Request {
    let mut request = Request::default();
    *request.uri_mut() = http::Uri::from_static("/orders/7");
    let headers = request.headers_mut();
    headers.insert("host", http::HeaderValue::from_static("example.com"));
    headers.insert("x-api-key", http::HeaderValue::from_static("s3cret"));
    headers.insert("user-agent", http::HeaderValue::from_static("bench/1"));
    let peer = PeerAddr::new(std::net::SocketAddr::from(([127, 0, 0, 1], 5000)));
    request.extensions_mut().insert(peer);
    request
}

/// Without a key: a cache keeps what is for everybody.
fn public() -> Request {
    let mut request = get();
    request.headers_mut().remove("x-api-key");
    request
}

fn case<S>(name: &'static str, budget: u64, mut service: S) -> Case
where
    S: Service<Request, Response = Response, Error = Infallible> + 'static,
{
    let run = move |request: Request| {
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(())) = service.poll_ready(&mut cx) else {
            unreachable!("everything here is ready at once")
        };
        let mut future = pin!(service.call(request));
        let Poll::Ready(Ok(mut response)) = future.as_mut().poll(&mut cx) else {
            unreachable!("everything here answers at once")
        };
        let mut body = pin!(response.body_mut());
        while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
            std::hint::black_box(&frame);
        }
        std::hint::black_box(&response);
    };
    Case {
        name,
        budget,
        request: get,
        run: Box::new(run),
    }
}

fn routes(count: usize) -> Router<Nothing> {
    let rules = (0..count).map(|at| {
        let pattern = format!("/api/v1/service-{at}/{{*rest}}");
        (
            Rule::new(&format!("r{at}"), &pattern).expect("a pattern"),
            Nothing,
        )
    });
    let orders = Rule::new("orders", "/orders/{id}").expect("a pattern");
    Router::new().extend(rules.chain([(orders, Nothing)]))
}

fn observe() -> ObserveLayer {
    let log = AccessLog::to_writer(Format::Json, std::io::sink()).expect("a thread for the log");
    ObserveLayer::new().access_log(log).metrics(Metrics::new())
}

fn key() -> ApiKeyLayer {
    ApiKeyLayer::new([ApiKey::new("bench", "s3cret")])
}

fn limit() -> RateLimitLayer {
    RateLimitLayer::new(per_second(1_000_000_000)).key(Key::Subject.or(Key::ClientIp))
}

/// All cases. Call it inside a tokio runtime: timers need one to exist.
#[must_use]
pub fn all() -> Vec<Case> {
    let timeout = TimeoutLayer::new().first_byte(Duration::from_secs(3));
    let balance = Balance::new(
        "bench",
        ["a", "b", "c"].map(|name| Endpoint::new(name, Nothing)),
    );
    let cached = CacheLayer::memory(1 << 20).layer(Nothing);
    let stack = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(ClientIpLayer::direct())
        .layer(observe())
        .layer(key())
        .layer(limit())
        .service(SharedService::new(Nothing));
    vec![
        case("(nothing)", 0, Nothing),
        case("shared_service", 1, SharedService::new(Nothing)),
        case("client_ip", 1, ClientIpLayer::direct().layer(Nothing)),
        case("request_id", 3, RequestIdLayer::new().layer(Nothing)),
        case("api_key", 1, key().layer(Nothing)),
        case("rate_limit", 6, limit().layer(Nothing)),
        case("timeout", 0, timeout.layer(Nothing)),
        case("router, 1 route", 4, routes(0)),
        case("router, 10,000 routes", 4, routes(10_000)),
        case("balance", 0, balance),
        Case {
            request: public,
            ..case("cache hit", 8, cached)
        },
        case("observe", 5, observe().layer(Nothing)),
        case("stack of five", 20, stack),
    ]
}

/// What one run of `case` allocates beyond the inner service, whose answer costs `INNER`.
#[must_use]
pub fn allocations(case: &mut Case) -> u64 {
    // Warm: caches fill, tables grow and batches reach their size once.
    for _ in 0..100 {
        (case.run)((case.request)());
    }
    let mut request = Some((case.request)());
    let counted = allocation_counter::measure(|| {
        (case.run)(request.take().expect("measured once"));
    });
    counted.count_total.saturating_sub(INNER)
}

/// The header map of the inner service's answer.
const INNER: u64 = 2;
