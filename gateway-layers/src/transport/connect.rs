use std::{io, path::Path, time::Duration};

use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio_rustls::TlsConnector;
use tower_service::Service as _;

use super::{
    Protocol,
    batch::Batched,
    error::{Error, Reason},
    stream::Stream,
    tls::Tls,
};

/// Opens connections: name, TCP (both address families raced, RFC 8305), TLS, under one timeout.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Tls,
    protocol: Protocol,
    timeout: Duration,
}

/// A fresh connection, and what is spoken on it.
pub(super) enum Fresh {
    Http1(Stream),
    Http2(Stream),
}

impl Connector {
    pub(super) fn new(tls: Tls, protocol: Protocol, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_connect_timeout(Some(timeout));
        Self {
            tcp,
            tls,
            protocol,
            timeout,
        }
    }

    pub(super) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// HTTP/2 in the clear is by prior knowledge.
    const fn clear(&self, stream: Stream, http1: bool) -> Fresh {
        match self.protocol {
            Protocol::Http2 if !http1 => Fresh::Http2(stream),
            _ => Fresh::Http1(stream),
        }
    }

    /// Connects to the host of `target`; or to `socket` on this machine;
    /// `http1` asks for a connection that can be upgraded.
    pub(super) async fn connect(
        &self,
        target: &Uri,
        socket: Option<&Path>,
        http1: bool,
    ) -> Result<Fresh, Error> {
        if let Some(path) = socket {
            let stream = unix(path).await?;
            return Ok(self.clear(stream, http1));
        }
        let mut tcp = self.tcp.clone();
        let stream = tcp
            .call(target.clone())
            .await
            .map_err(|error| Error::new(Reason::Connect, error))?
            .into_inner();
        let stream = Batched::new(stream);
        if target.scheme_str() != Some("https") {
            let stream = Stream::Tcp(TokioIo::new(stream));
            return Ok(self.clear(stream, http1));
        }
        let name = target
            .host()
            .and_then(|host| self.tls.server_name(host))
            .ok_or_else(|| Error::bare(Reason::Tls))?;
        let stream = TlsConnector::from(self.tls.config(http1))
            .connect(name, stream)
            .await
            .map_err(|error| Error::new(Reason::Tls, error))?;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = Stream::Tls(TokioIo::new(Box::new(stream)));
        match (h2, self.protocol) {
            (true, _) => Ok(Fresh::Http2(stream)),
            (false, Protocol::Http2) if !http1 => {
                let refused = io::Error::other("the server did not select h2");
                Err(Error::new(Reason::Tls, refused))
            }
            (false, _) => Ok(Fresh::Http1(stream)),
        }
    }
}

#[cfg(unix)]
async fn unix(path: &Path) -> Result<Stream, Error> {
    let stream = tokio::net::UnixStream::connect(path).await;
    stream
        .map(|stream| Stream::Unix(TokioIo::new(Batched::new(stream))))
        .map_err(|error| Error::new(Reason::Connect, error))
}

#[cfg(not(unix))]
async fn unix(_: &Path) -> Result<Stream, Error> {
    let refused = io::Error::from(io::ErrorKind::Unsupported);
    std::future::ready(Err(Error::new(Reason::Connect, refused))).await
}

/// Finds peers that vanished without a word, long before the kernel's two hours.
const KEEPALIVE: Duration = Duration::from_secs(60);
