//! Middleware that admits requests that carry a valid JSON Web Token.
//!
//! Keys are given, or fetched from the issuer and kept while they are good. The caller becomes an
//! [`Identity`](gateway_core::Identity) that limiters, caches, logs and authorisation read. What a
//! token says about its own verification is not believed: the algorithms follow from the keys,
//! `none` does not exist, and keys or URLs in a token's header are not looked at (RFC 8725).
//!
//! # Example
//!
//! ```
//! use axum::{Extension, Router, body::Body, routing::get};
//! use gateway_core::Identity;
//! use gateway_layers::jwt::{Issuer, JwtLayer};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let jwt = JwtLayer::builder(Issuer::oidc("https://id.example.com").audience("orders-api"))
//!     .require_scope("orders:read")
//!     .build()?; // fetches nothing yet
//!
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(who): Extension<Identity>| async move { who.subject().to_owned() }))
//!     .layer(jwt);
//!
//! let response = app.oneshot(http::Request::get("/").body(Body::empty())?).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"gateway\"");
//! # Ok(()) }
//! ```
//!
//! # Customizing
//!
//! A shared secret, a token in a cookie, and headers that tell upstream who calls:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use bytes::Bytes;
//! use gateway_layers::jwt::{Algorithm, Issuer, JwtLayer, TokenSource, VerifyingKey};
//! use http::HeaderName;
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = VerifyingKey::from_secret(b"an example secret of 32 bytes...", Algorithm::HS256)?;
//! let issuer = Issuer::keys("https://login.example.com", [secret])
//!     .any_audience()
//!     .max_age(Duration::from_secs(3600));
//! let service = JwtLayer::builder(issuer)
//!     .sources([TokenSource::cookie("session")])
//!     .claim_to_header("sub", HeaderName::from_static("x-user"))
//!     .optional(true)
//!     .build()?
//!     .layer(service_fn(|request: http::Request<Full<Bytes>>| async move {
//!         let known = request.headers().contains_key("x-user");
//!         Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from(known.to_string())))
//!     }));
//!
//! let forged = http::Request::builder().header("x-user", "root").body(Full::default())?;
//! let response = service.oneshot(forged).await?;
//! # use http_body_util::BodyExt;
//! assert_eq!(response.into_body().frame().await.unwrap()?.into_data().unwrap(), "false");
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Outside of everything that asks who calls. It reads nothing that other layers set, and sets
//! [`Identity`](gateway_core::Identity) and the [`Outcome`](gateway_core::Outcome).
//!
//! # Keys that are fetched
//!
//! The first request that needs them waits; all that come meanwhile wait for the same fetch, and if
//! the one that began it goes away, the next drives it on. They are fresh for as long as the
//! issuer's `Cache-Control` says, between 5 min and 24 h, and are then refreshed beside the
//! requests that use them; if that fails they are used for another 24 h. A token signed with an
//! unknown key makes the layer fetch once more, but not within 10 s of the last attempt, whoever
//! asks. Documents are read up to 1 MiB, redirects are not followed, and plain HTTP is for this
//! machine only.
//!
//! # Refusals
//!
//! 401 with `WWW-Authenticate` (RFC 6750): `auth_required` without a token, `jwt_expired`,
//! `jwt_not_yet_valid`, and `jwt_invalid` for everything else, several tokens among it; 403
//! `insufficient_scope`; 503 `auth_unavailable` while keys are needed and cannot be had.
//! [`optional`](JwtBuilder::optional) changes the first alone: a wrong token is never taken for
//! none.
//!
//! # Cancellation
//!
//! A request that leaves while it waits for keys leaves the fetch to those that wait too, or to the
//! next.
//!
//! # Cost
//!
//! A token that was verified before costs a look-up by its whole text, a check of its dates and of
//! the generation of the keys, a reference count and an extension: no parsing, no signature, no
//! clone of the inner service. Verified tokens are remembered within
//! [a bound](JwtBuilder::remember), until they expire or the issuer's keys change.

mod algorithm;
mod base64url;
mod builder;
mod claims;
#[cfg(feature = "config")]
mod config;
mod error;
#[cfg(feature = "config")]
mod from_config;
mod future;
mod issuer;
mod jwk;
mod key;
mod layer;
mod remote;
mod service;
mod shared;
mod source;
mod token;
mod verify;

#[cfg(feature = "config")]
pub use self::config::{IssuerConfig, JwksConfig, JwtConfig, JwtKeyConfig, OneOrMany};
pub use self::{
    algorithm::{Algorithm, UnknownAlgorithm},
    builder::JwtBuilder,
    error::{BuildError, FetchError},
    future::ResponseFuture,
    issuer::Issuer,
    key::{InvalidKey, VerifyingKey},
    layer::JwtLayer,
    service::Jwt,
    source::TokenSource,
};
