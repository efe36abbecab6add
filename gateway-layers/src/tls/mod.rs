//! Termination of TLS: certificates by name, replaced while it runs, and client certificates.
//!
//! [`TlsAcceptor`] takes any byte stream – a TCP or Unix socket, an in-memory pipe – and gives a
//! [`TlsStream`] to serve HTTP on. It belongs to the accept loop and is no tower layer; what it
//! learns about the client reaches layers as extensions that the loop inserts
//! ([`ClientCertificate`](crate::client_cert::ClientCertificate)).
//!
//! # Example
//!
//! ```
//! use gateway_layers::tls::{Certificate, TlsAcceptor};
//! # use tokio::io::AsyncWriteExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = rcgen::KeyPair::generate()?;
//! # let made = rcgen::CertificateParams::new(["example.com".to_owned()])?.self_signed(&key)?;
//! # let (chain_pem, key_pem) = (made.pem(), key.serialize_pem());
//! let acceptor = TlsAcceptor::builder()
//!     .certificate(Certificate::from_pem(chain_pem, key_pem))
//!     .build()?;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! # client.write_all(b"not TLS at all").await?;
//! let (socket, peer) = listener.accept().await?;
//! match acceptor.accept(socket).await {
//!     Ok(stream) => println!("{peer} speaks {:?}", stream.alpn()), // serve it
//!     Err(error) => println!("{peer}: {error}"),
//! }
//! # Ok(()) }
//! ```
//!
//! # Customizing
//!
//! Files that are watched, a second certificate, client certificates and nothing older than 1.3:
//!
//! ```no_run
//! use std::time::Duration;
//! use gateway_layers::tls::{Certificate, ClientAuth, MinVersion, TlsAcceptor};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let acceptor = TlsAcceptor::builder()
//!     .certificate(Certificate::from_files("site.crt", "site.key"))
//!     .certificate(Certificate::from_files("api.crt", "api.key").hosts(["*.api.example.com"]))
//!     .client_ca_file("clients.pem")
//!     .client_auth(ClientAuth::Optional)
//!     .min_version(MinVersion::Tls13)
//!     .handshake_timeout(Duration::from_secs(5))
//!     .build()?;
//! let watching = acceptor.watch(Duration::from_secs(10)); // until dropped
//! # drop(watching);
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Before everything. After the PROXY protocol, which is spoken in the clear.
//!
//! # Refusals
//!
//! A handshake that fails is an [`AcceptError`] and a TLS alert; there is no HTTP yet to answer
//! with. Client authorities that cannot be read refuse to build, rather than let anybody in.
//!
//! All names of an acceptor ask for client certificates alike, and whoever needs one looks at what the
//! connection has shown ([`client_cert`](crate::client_cert)) and not at the name it asked for. So a
//! `Host` that is not the name of the handshake evades nothing, connections may be shared between
//! names (RFC 9110 §7.4), and no request is misdirected (421).
//!
//! # Cancellation
//!
//! Dropping the future of [`accept`](TlsAcceptor::accept) closes the connection and gives its place
//! back; dropping a [`Watch`] ends its task.
//!
//! # Cost
//!
//! A handshake is a signature, tens of microseconds with ECDSA and a millisecond with RSA, and
//! nothing of either when a session is resumed. The provider is aws-lc-rs, always named and never
//! installed as the process's default, which belongs to the application.

mod acceptor;
mod certificate;
#[cfg(feature = "config")]
mod config;
mod error;
#[cfg(feature = "self-signed")]
mod self_signed;
mod settings;
mod stream;
mod table;
mod watch;

#[cfg(feature = "config")]
pub use self::config::{
    AlpnConfig, CertificateConfig, ClientAuthConfig, MinVersionConfig, TlsServerConfig,
};
#[cfg(feature = "self-signed")]
pub use self::self_signed::SelfSignedError;
pub use self::{
    acceptor::{TlsAcceptor, TlsAcceptorBuilder},
    certificate::{Certificate, CertificateInfo},
    error::{AcceptError, Part, TlsError},
    settings::{ClientAuth, MinVersion},
    stream::TlsStream,
    watch::Watch,
};

#[cfg(test)]
mod tests;
