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

#[cfg(all(test, feature = "axum"))]
mod tests {
    use super::*;

    #[test]
    fn axums_peer_is_found_and_ours_comes_first() {
        let addr = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut extensions = Extensions::new();
        assert_eq!(default_peer(&extensions), None);
        extensions.insert(axum::extract::ConnectInfo(addr("192.0.2.1:1")));
        assert_eq!(default_peer(&extensions), Some(addr("192.0.2.1:1")));
        extensions.insert(PeerAddr::new(addr("192.0.2.2:2")));
        assert_eq!(default_peer(&extensions), Some(addr("192.0.2.2:2")));
    }
}
