use std::net::SocketAddr;

use gateway_layers::{
    client_cert::ClientCertificate,
    proxy_protocol::{ProxyProtocol, Rewound},
    tls::TlsAcceptor,
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    crowd::{Crowd, Member},
    io::{Io, Socket},
};

/// What a connection passes before HTTP is spoken on it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Entrance {
    /// Reads who is behind a proxy that forwards bytes.
    pub proxy_protocol: Option<ProxyProtocol>,
    /// Ends TLS.
    pub tls: Option<TlsAcceptor>,
}

/// Who is at the other end of a connection, and the places it takes.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// `None` at the other end of a Unix socket.
    pub(super) peer: Option<SocketAddr>,
    pub(super) tls: Option<Secure>,
    _slot: Option<OwnedSemaphorePermit>,
    member: Option<Member>,
}

impl Client {
    pub(super) fn new(peer: Option<SocketAddr>, slot: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            peer,
            _slot: slot,
            ..Self::default()
        }
    }
}

/// What TLS says about a client.
#[derive(Debug)]
pub(super) struct Secure {
    pub(super) certificate: Option<ClientCertificate>,
}

impl Entrance {
    /// Lets a connection in, or `None`, in which case there is nobody to tell why.
    pub(super) async fn pass(
        &self,
        socket: Socket,
        mut client: Client,
        crowd: Option<&Crowd>,
    ) -> Option<(Io, Client)> {
        if self.proxy_protocol.is_none() && self.tls.is_none() {
            return join(&mut client, crowd).then_some((Io::Clear(socket), client));
        }
        let socket = match &self.proxy_protocol {
            None => Rewound::untouched(socket),
            Some(protocol) => match protocol.accept(socket, client.peer).await {
                Ok((header, socket)) => {
                    // A proxy that speaks for itself is its own client.
                    let source = header.and_then(|header| header.source());
                    client.peer = source.or(client.peer);
                    socket
                }
                Err(error) => {
                    tracing::debug!(%error, peer = ?client.peer, "connection refused");
                    return None;
                }
            },
        };
        if !join(&mut client, crowd) {
            return None;
        }
        let Some(acceptor) = &self.tls else {
            return Some((Io::Announced(socket), client));
        };
        match acceptor.accept(socket).await {
            Ok(stream) => {
                client.tls = Some(Secure {
                    certificate: stream.client_certificate(),
                });
                Some((Io::Tls(Box::new(stream)), client))
            }
            Err(error) => {
                let reason = std::error::Error::source(&error).map(ToString::to_string);
                tracing::debug!(%error, reason, peer = ?client.peer, "connection refused");
                None
            }
        }
    }
}

fn join(client: &mut Client, crowd: Option<&Crowd>) -> bool {
    let (Some(crowd), Some(peer)) = (crowd, client.peer) else {
        return true;
    };
    client.member = crowd.join(peer.ip());
    if client.member.is_none() {
        tracing::debug!(%peer, "connection refused: this address has too many");
    }
    client.member.is_some()
}
