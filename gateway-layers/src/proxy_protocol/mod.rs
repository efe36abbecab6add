//! The PROXY protocol, versions 1 and 2: who is behind a TCP load balancer.
//!
//! A proxy that forwards bytes cannot add an HTTP header, so it writes the client's address before
//! them ([specification](https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt)). What it says
//! replaces the peer, and everything that reads the peer –
//! [`client_ip`](crate::client_ip), limits, logs – follows.
//!
//! # Example
//!
//! ```
//! use gateway_layers::proxy_protocol::ProxyProtocol;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let protocol = ProxyProtocol::trusting(["127.0.0.0/8".parse()?]);
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let mut balancer = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! balancer.write_all(b"PROXY TCP4 192.0.2.1 192.0.2.9 5000 443\r\nGET / HTTP/1.1\r\n").await?;
//!
//! let (socket, peer) = listener.accept().await?;
//! let (header, mut socket) = protocol.accept(socket, Some(peer)).await?;
//! let client = header.and_then(|header| header.source()).unwrap_or(peer);
//! assert_eq!(client, "192.0.2.1:5000".parse()?);
//! assert_eq!(socket.read_u8().await?, b'G'); // serve it
//! # Ok(()) }
//! ```
//!
//! # Customizing
//!
//! A port that balancers and others share: headers are believed if they come from the balancers,
//! and others are served as what they are.
//!
//! ```
//! use std::time::Duration;
//! use gateway_layers::proxy_protocol::ProxyProtocol;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let protocol = ProxyProtocol::trusting(["10.0.0.0/24".parse()?, "2001:db8::/64".parse()?])
//!     .required(false)
//!     .timeout(Duration::from_secs(1));
//!
//! let (near, far) = tokio::io::duplex(64);
//! let (header, far) = protocol.accept(far, Some("192.0.2.7:5000".parse()?)).await?;
//! assert!(header.is_none());
//! # drop((near, far));
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Before everything, TLS included: the header comes in the clear.
//!
//! # Refusals
//!
//! A [`ProxyProtocolError`], and the connection is closed: there is no HTTP yet to answer with. An
//! address that anybody could claim would be worse than none, so there is no way to trust everybody
//! but to write `0.0.0.0/0`.
//!
//! # Cancellation
//!
//! Dropping the future closes the connection.
//!
//! # Cost
//!
//! One buffer a connection, which also holds what came after the header in the same segment.

mod accept;
#[cfg(feature = "config")]
mod config;
mod header;
mod rewound;

#[cfg(feature = "config")]
pub use self::config::{ProxyProtocolConfig, ProxyProtocolMode};
pub use self::{
    accept::{ProxyProtocol, ProxyProtocolError},
    header::{Parsed, ProxyHeader, parse},
    rewound::Rewound,
};
