//! Reading the counters over HTTP.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use http::StatusCode;
use serde_json::Value;

use super::counters::Snapshot;
use super::counters::Stats;

/// `GET` and `DELETE /__stats`, `POST /__stats/mark`, `GET /__requests`.
pub(crate) fn routes(stats: Stats) -> Router {
    Router::new()
        .route("/__stats", get(show).delete(reset))
        .route("/__stats/mark", post(mark))
        .route("/__requests", get(requests))
        .with_state(stats)
}

async fn show(State(stats): State<Stats>) -> Json<Snapshot> {
    Json(stats.snapshot())
}

async fn reset(State(stats): State<Stats>) -> StatusCode {
    stats.reset();
    StatusCode::NO_CONTENT
}

async fn mark(State(stats): State<Stats>) -> StatusCode {
    stats.mark();
    StatusCode::NO_CONTENT
}

async fn requests(State(stats): State<Stats>) -> Json<Value> {
    Json(stats.recent().iter().map(super::Captured::print).collect())
}
