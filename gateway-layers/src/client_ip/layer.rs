use std::{net::SocketAddr, sync::Arc};

use http::{Extensions, HeaderName};
use tower_layer::Layer;

use super::{
    Cidr,
    peer::{PeerSource, default_peer},
    service::{ClientIpService, Shared},
};

/// Establishes the client's address.
///
/// See the [module docs](crate::client_ip) for an example.
#[derive(Clone, Debug)]
pub struct ClientIpLayer {
    shared: Arc<Shared>,
}

impl ClientIpLayer {
    /// For a server that clients reach without a proxy: the peer is the client.
    #[must_use]
    pub fn direct() -> Self {
        Self::trusting([])
    }

    /// For a server behind the proxies in these networks.
    #[must_use]
    pub fn trusting(proxies: impl IntoIterator<Item = Cidr>) -> Self {
        Self {
            shared: Arc::new(Shared {
                trusted: proxies.into_iter().collect(),
                header: HeaderName::from_static("x-forwarded-for"),
                peer: default_peer,
            }),
        }
    }

    /// The header the proxies write: `Forwarded` is read by RFC 7239, any other as a list of
    /// addresses, nearest last. Exactly one header is believed, because proxies commonly set one
    /// and pass the other through as the client sent it. Defaults to `X-Forwarded-For`.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.shared).header = name;
        self
    }

    /// Where the server keeps the peer's address. Defaults to [`PeerAddr`](super::PeerAddr), then,
    /// with feature `axum`, `ConnectInfo<SocketAddr>`.
    #[must_use]
    pub fn peer_from(mut self, source: fn(&Extensions) -> Option<SocketAddr>) -> Self {
        let source: PeerSource = source;
        Arc::make_mut(&mut self.shared).peer = source;
        self
    }
}

impl<S> Layer<S> for ClientIpLayer {
    type Service = ClientIpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientIpService {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
