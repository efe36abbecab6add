//! The server and its routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::routing::post;

use super::handler;
use super::realtime;
use crate::doubles::fault;
use crate::doubles::fault::Faults;
use crate::doubles::stats;
use crate::doubles::stats::Stats;

/// A mock model provider. See the [module docs](crate::doubles::model) for an example.
///
/// Clones share faults and counters.
#[derive(Clone, Debug)]
pub struct ModelServer {
    key: Option<Arc<str>>,
    pace: Duration,
    faults: Faults,
    stats: Stats,
}

impl ModelServer {
    /// A provider that takes any key and sends a chunk every 10 ms.
    #[must_use]
    pub fn new() -> Self {
        let (faults, stats) = (Faults::default(), Stats::default());
        Self {
            key: None,
            pace: PACE,
            faults,
            stats,
        }
    }

    /// Demands this key, in whichever header the dialect puts it.
    ///
    /// Bedrock's signature is not verified; its access key id is compared.
    ///
    /// Defaults to none, which takes any key and no key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(Arc::from(key));
        self
    }

    /// The time before each chunk of content in a stream; zero sends all of it at once.
    ///
    /// Defaults to 10 ms.
    #[must_use]
    pub fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
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

    /// The routes of all five dialects, of the Realtime API, of `/__fault` and of `/__stats`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/chat/completions", post(handler::chat))
            .route("/v1/messages", post(handler::messages))
            .route("/v1/messages/count_tokens", post(handler::count_tokens))
            .route("/v1/responses", post(handler::responses))
            .route("/v1/realtime", get(realtime::open))
            .route("/v1beta/models/{call}", post(handler::gemini))
            // Google's newer clients ask under this version.
            .route(
                "/v1/models/{call}",
                post(handler::gemini).get(handler::model),
            )
            .route("/model/{id}/{operation}", post(handler::bedrock))
            .route("/v1/embeddings", post(handler::embeddings))
            .route("/v1/models", get(handler::models))
            .fallback(handler::unknown)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self.clone())
            .merge(fault::routes(self.faults()))
            .merge(stats::routes(self.stats()))
    }

    pub(super) fn expected_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(super) fn chunk_pace(&self) -> Duration {
        self.pace
    }
}

impl Default for ModelServer {
    fn default() -> Self {
        Self::new()
    }
}

const PACE: Duration = Duration::from_millis(10);
const BODY_LIMIT: usize = 64 * 1024 * 1024;
