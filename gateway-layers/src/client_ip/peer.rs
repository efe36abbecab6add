use std::net::SocketAddr;

use http::Extensions;

/// The address at the other end of the connection: a request extension the server inserts.
///
/// On hyper, insert it where the connection is accepted; on axum, `ConnectInfo<SocketAddr>` says
/// the same and is found with feature `axum`, or with
/// [`ClientIpLayer::peer_from`](super::ClientIpLayer::peer_from).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddr(SocketAddr);

impl PeerAddr {
    /// The peer is `addr`.
    #[must_use]
    pub const fn new(addr: SocketAddr) -> Self {
        Self(addr)
    }

    /// The address.
    #[must_use]
    pub const fn addr(self) -> SocketAddr {
        self.0
    }
}

/// Where to find the peer.
pub(crate) type PeerSource = fn(&Extensions) -> Option<SocketAddr>;

pub(crate) fn default_peer(extensions: &Extensions) -> Option<SocketAddr> {
    if let Some(peer) = extensions.get::<PeerAddr>() {
        return Some(peer.addr());
    }
    #[cfg(feature = "axum")]
    if let Some(info) = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>() {
        return Some(info.0);
    }
    None
}
