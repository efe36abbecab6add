//! Middleware that lets browsers speak to gRPC services: gRPC-Web outside, gRPC inside.
//!
//! A browser can neither send HTTP/2 frames nor read trailers. gRPC-Web is gRPC in which the trailers
//! are a last frame of the body, and in its `-text` form all of it is base64. The layer turns
//! `application/grpc-web` and `application/grpc-web-text` (`+proto`, `+json`, …) into
//! `application/grpc` and the answers back, message by message as they come. Everything else –
//! plain gRPC, REST, a preflight – passes untouched.
//!
//! # Example
//!
//! ```
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::grpc_web::GrpcWebLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let service = service_fn(|request: Request| async move {
//!     assert_eq!(request.headers()["content-type"], "application/grpc+proto");
//!     let mut response = Response::new(Body::empty());
//!     response.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
//!     response.headers_mut().insert("grpc-status", "0".parse().unwrap());
//!     Ok::<_, std::convert::Infallible>(response)
//! });
//! let request = http::Request::post("/shop.Orders/Get")
//!     .header("content-type", "application/grpc-web+proto")
//!     .body(Body::from(&b"\0\0\0\0\0"[..]))?;
//! let response = GrpcWebLayer::new().layer(service).oneshot(request).await?;
//! assert_eq!(response.headers()["content-type"], "application/grpc-web+proto");
//! # Ok::<_, gateway_core::BoxError>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! There is nothing to set; what a browser needs beside it is CORS, which is tower-http's. Its
//! answers must expose the status, since an error may be nothing but headers:
//!
//! ```
//! # #[cfg(feature = "proxy")] {
//! use gateway_layers::{grpc_web::GrpcWebLayer, proxy::Proxy, transport::{Client, Protocol}};
//! use http::HeaderName;
//! use tower::ServiceBuilder;
//! use tower_http::cors::{Any, CorsLayer};
//!
//! let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
//! let client = Client::builder().protocol(Protocol::Http2).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(
//!         CorsLayer::new()
//!             .allow_origin(Any)
//!             .expose_headers(exposed.map(HeaderName::from_static)),
//!     )
//!     .layer(GrpcWebLayer::new())
//!     .service(Proxy::builder("http://127.0.0.1:50051")?.client(client).build()?);
//! # }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Order
//!
//! Inside CORS, outside of whatever refuses: inside of this layer a refusal is `application/grpc`
//! with a `grpc-status`, and leaves it as gRPC-Web. Reads and sets no extension. In front of a
//! `Proxy`, the upstream must be one for HTTP/2.
//!
//! # Refusals
//!
//! None of its own. A `-text` body that is not base64 fails while it is read, as 400 `invalid_body`,
//! which is `INVALID_ARGUMENT` to the caller. An answer that is not `application/grpc` – a page of
//! some other server – passes as it is: the client maps its HTTP status, as for any other failure.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the inner one.
//!
//! # Cost
//!
//! A request of another type is looked at once. Of gRPC-Web, the answer's body is wrapped, which is
//! one allocation, and so is each chunk of the `-text` form.

#[cfg(feature = "config")]
mod config;
mod content;
mod future;
mod layer;
mod request;
mod response;
mod service;
mod text;
mod trailers;

#[cfg(feature = "config")]
pub use self::config::GrpcWebConfig;
pub use self::{future::ResponseFuture, layer::GrpcWebLayer, service::GrpcWeb};

#[cfg(test)]
mod tests;
