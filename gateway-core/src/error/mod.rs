//! The one error of the gateway: a kind with a stable code, and the typed cause behind it.
//!
//! A refusal is a *response*, so that no layer changes the error type of the service it wraps. The
//! cause is not lost on the way: every response the gateway makes carries its [`GatewayError`] in
//! the response extensions, and outer layers – retry, fallback, breaker, metrics, logs – classify on
//! that instead of on text.
//!
//! ```
//! use gateway_core::{ErrorKind, GatewayError, Responder};
//!
//! let request = http::Request::new(());
//! let error = GatewayError::new(ErrorKind::NoRoute).detail("nothing is served at /x");
//! let response: gateway_core::Response = Responder::of(&request).refuse(error);
//!
//! assert_eq!(response.status(), 404);
//! let cause = response.extensions().get::<GatewayError>().unwrap();
//! assert_eq!(cause.kind().code(), "no_route");
//! ```

mod chain;
mod gateway_error;
mod kind;

pub use self::{
    chain::{cause_ref, is_caused_by},
    gateway_error::GatewayError,
    kind::ErrorKind,
};
