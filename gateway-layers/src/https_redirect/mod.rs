//! Middleware that sends clients to the same place over HTTPS.
//!
//! For a listener in the clear beside one with TLS. Requests that came over TLS pass; all others
//! are answered with 301, or with 308 if their method is not `GET` or `HEAD`, and never reach what
//! is inside.
//!
//! # Example
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use gateway_layers::https_redirect::HttpsRedirectLayer;
//! use http::Request;
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "secret" }))
//!     .layer(HttpsRedirectLayer::new());
//!
//! let request = Request::get("/cart?id=7").header("host", "example.com").body(Body::empty()).unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! assert_eq!(response.status(), 301);
//! assert_eq!(response.headers()["location"], "https://example.com/cart?id=7");
//! # }
//! ```
//!
//! # Customizing
//!
//! A development machine has its HTTPS on another port:
//!
//! ```
//! use std::convert::Infallible;
//! use gateway_core::Body;
//! use gateway_layers::https_redirect::HttpsRedirectLayer;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = HttpsRedirectLayer::new()
//!     .port(8443)
//!     .layer(service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) }));
//! let request = Request::post("/").header("host", "localhost:8080").body(Body::empty()).unwrap();
//! let response = service.oneshot(request).await.unwrap();
//! assert_eq!(response.status(), 308);
//! assert_eq!(response.headers()["location"], "https://localhost:8443/");
//! # }
//! ```
//!
//! # Order
//!
//! Outside of everything. It reads the `http::uri::Scheme` extension that the server inserts
//! where TLS ends, and never the scheme of the target, which is the client's to write.
//!
//! # Refusals
//!
//! 301 and 308; 400 `bad_request` if the request names no host to redirect to.
//!
//! # Cancellation
//!
//! Nothing is held; the inner future is dropped.
//!
//! # Cost
//!
//! One extension look-up for what passes.

mod layer;
mod location;
mod service;

pub use self::{layer::HttpsRedirectLayer, service::HttpsRedirect};
pub use crate::admission::ResponseFuture;
