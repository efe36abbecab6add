//! Copy one layer's folder and change it: here `request_id`, whose ids should name the region.
//!
//! What it took:
//!
//! 1. copy `gateway-layers/src/request_id` to `src/region_id`;
//! 2. drop what this fork does not need (trusted peers, the config struct);
//! 3. change the one decision it is about, in [`region_id`]'s `service.rs`;
//! 4. keep the contract test: one line says whether the fork still is a good citizen.
//!
//! The rest of the stack does not notice: the fork speaks the same vocabulary.
//!
//! ```text
//! cargo run -p fork-a-layer
//! curl -i localhost:3003        # x-request-id: eu-…
//! ```
#![forbid(unsafe_code)]

mod region_id;

use axum::{Extension, Router, routing::get};
use gateway_core::RequestId;

use crate::region_id::RegionIdLayer;

fn app() -> Router {
    let hello = |Extension(id): Extension<RequestId>| async move { format!("{}\n", id.as_str()) };
    Router::new()
        .route("/", get(hello))
        .layer(RegionIdLayer::new("eu"))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3003").await?;
    eprintln!("listening http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn ids_name_the_region_within_and_without() {
        let response = app()
            .oneshot(Request::get("/").body(Body::empty()).unwrap())
            .await
            .unwrap();
        let header = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(header.starts_with("eu-"), "{header}");
        let body = axum::body::to_bytes(response.into_body(), 100)
            .await
            .unwrap();
        assert_eq!(body, format!("{header}\n"));
    }
}
