//! Middleware that admits requests of connections that proved a client certificate (mutual TLS).
//!
//! The holder becomes an [`Identity`](gateway_core::Identity), so that limiters, cache partitions,
//! budgets and the access log know who calls, as with a token or a key. The certificate is verified
//! where TLS ends – by [`tls`](crate::tls), or by a server of yours – and this layer reads only the
//! extension that says so, never a header: a header can be sent by anybody.
//!
//! # Example
//!
//! ```
//! use axum::{Extension, Router, body::Body, routing::get};
//! use gateway_core::Identity;
//! use gateway_layers::client_cert::{ClientCertLayer, ClientCertificate};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(who): Extension<Identity>| async move { who.subject().to_owned() }))
//!     .layer(ClientCertLayer::new());
//!
//! let request = http::Request::get("/").body(Body::empty())?;
//! assert_eq!(app.clone().oneshot(request).await?.status(), 403);
//!
//! # let key = rcgen::KeyPair::generate()?;
//! # let der = rcgen::CertificateParams::new(["orders.example".to_owned()])?.self_signed(&key)?.der().to_vec();
//! let verified = ClientCertificate::from_der(&der)?; // once a connection
//! let request = http::Request::get("/").extension(verified).body(Body::empty())?;
//! let response = app.oneshot(request).await?;
//! assert_eq!(axum::body::to_bytes(response.into_body(), 64).await?, "orders.example");
//! # Ok(()) }
//! ```
//!
//! # Customizing
//!
//! Certificates are welcome and not required, and upstream is told whose they are:
//!
//! ```
//! use std::convert::Infallible;
//! use gateway_core::Body;
//! use gateway_layers::client_cert::ClientCertLayer;
//! use http::{HeaderName, Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = ClientCertLayer::new()
//!     .optional(true)
//!     .claim_to_header("sub", HeaderName::from_static("x-client"))
//!     .claim_to_header("fingerprint", HeaderName::from_static("x-client-fingerprint"))
//!     .layer(service_fn(|request: Request<Body>| async move {
//!         assert!(!request.headers().contains_key("x-client"));
//!         Ok::<_, Infallible>(Response::new(Body::empty()))
//!     }));
//! let forged = Request::get("/").header("x-client", "admin").body(Body::empty()).unwrap();
//! assert_eq!(service.oneshot(forged).await.unwrap().status(), 200);
//! # }
//! ```
//!
//! # Order
//!
//! Outside of everything that asks who calls. It reads [`ClientCertificate`], which the server
//! inserts, and sets [`Identity`](gateway_core::Identity) and the
//! [`Outcome`](gateway_core::Outcome). An authentication layer further in replaces the identity.
//!
//! # Refusals
//!
//! 403 `auth_required` without a certificate, unless it is [`optional`](ClientCertLayer::optional).
//! A certificate that is not trusted never comes this far: the handshake fails.
//!
//! # Cancellation
//!
//! Nothing is held; the inner future is dropped.
//!
//! # Cost
//!
//! Two reference counts and one extension; an allocation for each header told to upstream. The
//! certificate is read once a connection.

mod certificate;
#[cfg(feature = "config")]
mod config;
mod layer;
mod service;

#[cfg(feature = "config")]
pub use self::config::ClientCertConfig;
pub use self::{
    certificate::{CertificateError, ClientCertificate},
    layer::ClientCertLayer,
    service::ClientCertService,
};
pub use crate::admission::ResponseFuture;
