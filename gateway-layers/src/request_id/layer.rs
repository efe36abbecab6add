use std::{net::SocketAddr, sync::Arc};

use http::{Extensions, HeaderName};
use tower_layer::Layer;

use super::service::{RequestIdService, Shared};
use crate::client_ip::{Cidr, default_peer};

/// Gives every request an id.
///
/// See the [module docs](crate::request_id) for an example.
#[derive(Clone, Debug)]
pub struct RequestIdLayer {
    shared: Arc<Shared>,
}

impl RequestIdLayer {
    /// Gives a new id to every request, whatever id it came with.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                header: HeaderName::from_static("x-request-id"),
                trusted: Vec::new(),
                peer: default_peer,
            }),
        }
    }

    /// The header that carries the id in requests and responses. Defaults to `x-request-id`.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.shared).header = name;
        self
    }

    /// The peers whose ids are kept. Defaults to none.
    #[must_use]
    pub fn trusting(mut self, peers: impl IntoIterator<Item = Cidr>) -> Self {
        Arc::make_mut(&mut self.shared).trusted = peers.into_iter().collect();
        self
    }

    /// Where the server keeps the peer's address. Defaults to
    /// [`PeerAddr`](crate::client_ip::PeerAddr), then, with feature `axum`,
    /// `ConnectInfo<SocketAddr>`.
    #[must_use]
    pub fn peer_from(mut self, source: fn(&Extensions) -> Option<SocketAddr>) -> Self {
        Arc::make_mut(&mut self.shared).peer = source;
        self
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestIdService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestIdService {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
