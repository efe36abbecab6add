//! The server and its routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::any;
use axum::routing::get;
use http::HeaderValue;

use super::cached;
use super::echo;
use super::plain;
use super::shop;
use super::upgrade;
use super::websocket;
use crate::doubles::fault::Faults;
use crate::doubles::gate;
use crate::doubles::stats::Stats;

/// A plain upstream. See the [module docs](crate::doubles::upstream) for an example.
///
/// Clones share faults and counters.
#[derive(Clone, Debug)]
pub struct UpstreamServer {
    replica: Arc<str>,
    prefix: Arc<str>,
    faults: Faults,
    stats: Stats,
}

impl UpstreamServer {
    /// An upstream that names itself so in `x-replica`.
    #[must_use]
    pub fn new(replica: &str) -> Self {
        let (faults, stats) = (Faults::default(), Stats::default());
        Self {
            replica: Arc::from(replica),
            prefix: Arc::from(""),
            faults,
            stats,
        }
    }

    /// Puts its routes below a path such as `/shop`.
    ///
    /// Defaults to none. `/__fault` and `/__stats` stay where they are, out of reach of a gateway
    /// that forwards the prefix only.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Arc::from(prefix.trim_end_matches('/'));
        self
    }

    /// The faults it commits.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// What it saw and sent.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }

    /// All of its routes.
    pub fn router(&self) -> Router {
        let at = |path: &str| format!("{}{path}", self.prefix);
        let routes = Router::new()
            .route(&at("/items"), get(shop::items).post(shop::create))
            .route(&at("/items/{id}"), get(shop::item))
            .route(&at("/orders"), get(shop::orders).post(shop::create))
            .route(&at("/orders/{id}"), get(shop::order))
            .route(&at("/echo"), any(echo::echo))
            .route(&at("/echo/{*rest}"), any(echo::echo))
            .route(&at("/status/{code}"), any(plain::status))
            .route(&at("/slow/{ms}"), any(plain::slow))
            .route(&at("/stream/{n}"), any(plain::stream))
            .route(&at("/bytes/{n}"), any(plain::bytes))
            .route(&at("/trailers"), any(plain::trailers))
            .route(&at("/cache/{ttl}"), get(cached::cached))
            .route(&at("/ws"), any(websocket::echo))
            .route(&at("/upgrade"), any(upgrade::echo))
            .route(&at("/healthz"), get(|| async { "ok\n" }))
            .layer(DefaultBodyLimit::disable());
        let named = middleware::from_fn_with_state(Arc::clone(&self.replica), name);
        gate::gated(routes, self.faults(), self.stats()).layer(named)
    }
}

async fn name(State(replica): State<Arc<str>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(replica) = HeaderValue::from_str(&replica) {
        response.headers_mut().insert("x-replica", replica);
    }
    response
}
