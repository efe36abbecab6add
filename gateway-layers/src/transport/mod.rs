//! A pooled HTTP client for upstreams: HTTP/1.1 and HTTP/2, plain and TLS.
//!
//! One [`Client`] serves any number of hosts and is shared by cloning. It is a plain
//! [`Service`](tower_service::Service) over [`gateway_core::Body`], streams both ways, keeps
//! trailers, follows no redirect and retries nothing that may have been sent.
//!
//! # Example
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use gateway_core::{Body, Request};
//! use gateway_layers::transport::Client;
//! use tower::ServiceExt;
//!
//! let client = Client::new();
//! let mut request = Request::new(Body::empty());
//! *request.uri_mut() = "https://example.com/".parse()?;
//! let response = client.oneshot(request).await?;
//! println!("{}", response.status());
//! # Ok(())
//! # }
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//! use gateway_layers::transport::{Client, Protocol};
//!
//! let client = Client::builder()
//!     .connect_timeout(Duration::from_secs(1))
//!     .idle_timeout(Duration::from_secs(30))
//!     .max_idle_per_host(64)
//!     .protocol(Protocol::Http2)
//!     .build()?;
//! # Ok::<(), gateway_layers::transport::BuildError>(())
//! ```
//!
//! # Requests
//!
//! The URI must be absolute; it names the host to connect to. A `Host` header, if there is one, is
//! what the upstream sees as the host (`:authority` in HTTP/2). Framing follows from the body.
//! `101` is not expected here: upgrades belong to `proxy`.
//!
//! # Errors
//!
//! [`Error::kind`] tells connect, TLS, reset and protocol failures apart, and [`Error::is_unsent`]
//! says whether the request can have reached the upstream. A request that met a pooled connection
//! which the peer had closed meanwhile, before a byte was written, is sent again on another;
//! everything else is for the caller to decide.
//!
//! # Cancellation
//!
//! Dropping the future or the response body cancels the request: HTTP/2 resets the stream, HTTP/1
//! closes the connection.
//!
//! # Cost
//!
//! One allocation per request for the future, and one for the body of a response that does not come
//! with its head. An HTTP/1 connection has no task: whoever waits for the response runs it, so that
//! no frame wakes another task, or another core. Only a request that comes in pieces has a task until
//! its response is over, since it must go on while nobody reads.
//!
//! On a runtime that says when its threads park, what many connections write goes out together, which
//! saves a tenth to a fifth of a gateway's CPU time: see [`batch`].

pub mod batch;
mod client;
#[cfg(feature = "config")]
mod config;
mod connect;
mod driven;
mod driver;
mod error;
#[cfg(feature = "proxy")]
mod extended;
mod form;
mod handshake;
mod origin;
mod pool;
mod protocol;
mod sending;
mod stream;
mod tls;
mod unix;

#[cfg(feature = "config")]
pub use self::config::{ClientConfig, ProtocolConfig, TlsConfig, TlsVersionConfig};
#[cfg(feature = "proxy")]
pub(crate) use self::extended::OpenStream;
#[cfg(feature = "proxy")]
pub(crate) use self::unix::socket;
pub use self::{
    client::{Client, ClientBuilder, ResponseFuture},
    error::{Error, Failed},
    origin::Origin,
    protocol::Protocol,
    tls::BuildError,
    unix::target,
};

#[cfg(test)]
mod tests;
