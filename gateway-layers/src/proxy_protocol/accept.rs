use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::timeout,
};

use super::{
    Rewound,
    header::{LONGEST, Parsed, ProxyHeader, parse},
};
use crate::client_ip::Cidr;

/// Reads the PROXY header at the beginning of connections.
///
/// See the [module docs](crate::proxy_protocol) for an example.
#[derive(Clone, Debug)]
pub struct ProxyProtocol {
    trusted: Vec<Cidr>,
    required: bool,
    timeout: Duration,
}

/// Why a connection is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProtocolError {
    /// It has no header where one is required.
    #[error("the proxy header is missing")]
    Missing,
    /// It has a header that cannot be read.
    #[error("the proxy header is malformed")]
    Malformed,
    /// It has a header and is not from a trusted proxy.
    #[error("a proxy header from {0}, which is not trusted")]
    Untrusted(IpAddr),
    /// The header did not come in time.
    #[error("the proxy header did not arrive in time")]
    Timeout,
    /// The connection ended.
    #[error("the connection ended in the proxy header")]
    Io(#[from] io::Error),
}

impl ProxyProtocol {
    /// Believes headers of the proxies in `trusted`, and serves nobody else.
    #[must_use]
    pub fn trusting(trusted: impl IntoIterator<Item = Cidr>) -> Self {
        Self {
            trusted: trusted.into_iter().collect(),
            required: true,
            timeout: Duration::from_secs(3),
        }
    }

    /// Whether every connection must have a header. Defaults to `true`. Without, whoever is not
    /// trusted is served as what it is, and so is a trusted proxy that sends none.
    #[must_use]
    pub const fn required(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// How long the header may take. Defaults to 3 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads the header of a connection from `peer`, and gives it with the connection behind it.
    /// `peer` is `None` for a Unix socket, whose other end is this machine: it is trusted.
    ///
    /// # Errors
    ///
    /// If the header is missing where it is required, malformed, late, or from somebody who is not
    /// trusted: an address that anybody may claim is worse than none.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection.
    pub async fn accept<IO>(
        &self,
        io: IO,
        peer: Option<SocketAddr>,
    ) -> Result<(Option<ProxyHeader>, Rewound<IO>), ProxyProtocolError>
    where
        IO: AsyncRead + Unpin,
    {
        match peer.map(|peer| peer.ip().to_canonical()) {
            Some(ip) if !self.trusted.iter().any(|network| network.contains(ip)) => {
                match self.required {
                    true => Err(ProxyProtocolError::Untrusted(ip)),
                    // Its header, if it sends one, is not HTTP and ends there.
                    false => Ok((None, Rewound::untouched(io))),
                }
            }
            _ => timeout(self.timeout, self.read(io))
                .await
                .unwrap_or(Err(ProxyProtocolError::Timeout)),
        }
    }

    async fn read<IO>(
        &self,
        mut io: IO,
    ) -> Result<(Option<ProxyHeader>, Rewound<IO>), ProxyProtocolError>
    where
        IO: AsyncRead + Unpin,
    {
        let mut read = BytesMut::with_capacity(256);
        loop {
            match parse(&read) {
                Parsed::Header(header, used) => {
                    let rest = read.split_off(used);
                    return Ok((Some(header), Rewound::new(io, rest.freeze())));
                }
                Parsed::Absent if !self.required => {
                    return Ok((None, Rewound::new(io, read.freeze())));
                }
                Parsed::Absent => return Err(ProxyProtocolError::Missing),
                Parsed::Malformed => return Err(ProxyProtocolError::Malformed),
                Parsed::Partial => {}
            }
            debug_assert!(
                read.len() < LONGEST,
                "a header this long is complete or malformed"
            );
            if io.read_buf(&mut read).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    const HEADER: &str = "PROXY TCP4 192.0.2.1 192.0.2.9 5000 443\r\n";

    fn protocol() -> ProxyProtocol {
        ProxyProtocol::trusting(["10.0.0.0/8".parse().unwrap()])
    }

    /// What is said about the client, and what follows.
    async fn accept(
        protocol: &ProxyProtocol,
        peer: Option<&str>,
        sent: &str,
    ) -> Result<(Option<String>, String), ProxyProtocolError> {
        let (mut near, far) = duplex(4096);
        near.write_all(sent.as_bytes()).await.unwrap();
        near.shutdown().await.unwrap();
        let peer = peer.map(|peer| peer.parse().unwrap());
        let (header, mut rest) = protocol.accept(far, peer).await?;
        let mut text = String::new();
        rest.read_to_string(&mut text).await.unwrap();
        let source = header.and_then(|header| header.source());
        Ok((source.map(|source| source.to_string()), text))
    }

    #[tokio::test]
    async fn trusted_proxies_are_believed_and_others_are_not() {
        let protocol = protocol();
        let optional = protocol.clone().required(false);
        let (trusted, stranger) = (Some("10.1.2.3:9"), Some("203.0.113.1:9"));
        let both = format!("{HEADER}GET /");
        let client = Some("192.0.2.1:5000".to_owned());
        for peer in [trusted, Some("[::ffff:10.1.2.3]:9"), None] {
            let found = accept(&protocol, peer, &both).await.unwrap();
            assert_eq!(found, (client.clone(), "GET /".into()), "{peer:?}");
        }
        let found = accept(&protocol, trusted, "PROXY UNKNOWN\r\nGET /")
            .await
            .unwrap();
        assert_eq!(found, (None, "GET /".into()));
        let found = accept(&optional, trusted, "GET /").await.unwrap();
        assert_eq!(found, (None, "GET /".into()));
        let found = accept(&optional, stranger, &both).await.unwrap();
        assert_eq!(found, (None, both.clone()), "it is what a client sent");
        for (peer, sent, text) in [
            (stranger, &*both, "not trusted"),
            (trusted, "GET /", "missing"),
            (trusted, "PROXY TCP5 \r\n", "malformed"),
            (trusted, "PROXY TCP4 192", "ended"),
        ] {
            let error = accept(&protocol, peer, sent).await.unwrap_err().to_string();
            assert!(error.contains(text), "{sent}: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_in_pieces_has_its_time() {
        let (mut near, far) = duplex(64);
        let sending = async {
            for byte in HEADER.bytes() {
                near.write_all(&[byte]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let protocol = protocol();
        let (accepted, ()) = tokio::join!(protocol.accept(far, None), sending);
        assert!(accepted.unwrap().0.is_some());
        let (_near, far) = duplex(64);
        let late = protocol.accept(far, None).await;
        assert!(matches!(late, Err(ProxyProtocolError::Timeout)));
    }
}
