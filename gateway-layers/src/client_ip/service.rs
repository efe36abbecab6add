use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{ClientIp, Outcome};
use http::{Extensions, HeaderMap, HeaderName, Request};
use tower_service::Service;

use super::{Cidr, forwarded, peer::PeerSource, resolve};

/// Middleware that establishes the client's address.
///
/// Named `ClientIpService` because `ClientIp` is the extension it inserts. See the
/// [module docs](crate::client_ip) for an example.
#[derive(Clone, Debug)]
pub struct ClientIpService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) trusted: Vec<Cidr>,
    pub(super) header: HeaderName,
    pub(super) peer: PeerSource,
}

impl Shared {
    fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<ClientIp> {
        let peer = (self.peer)(extensions)?.ip();
        let trusted = |ip| self.trusted.iter().any(|network| network.contains(ip));
        // Who is not believed need not be read.
        if !trusted(peer) {
            return Some(ClientIp::new(peer));
        }
        let hops = forwarded::hops(headers, &self.header);
        Some(ClientIp::new(resolve::client(peer, hops, trusted)))
    }
}

impl<S, B> Service<Request<B>> for ClientIpService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(client) = self.shared.client(request.headers(), request.extensions()) {
            Outcome::record(request.extensions(), |record| {
                record.client_ip = Some(client);
            });
            request.extensions_mut().insert(client);
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::testing::Contract;
    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::client_ip::{ClientIpLayer, PeerAddr};

    gateway_core::contract!(direct, ClientIpLayer::direct(), clones = 0);
    gateway_core::contract!(
        behind_a_proxy,
        ClientIpLayer::trusting(["10.0.0.0/8".parse().unwrap()]),
        clones = 0,
        request = || {
            let mut request = Contract::default_request();
            let peer = PeerAddr::new("10.0.0.1:1".parse().unwrap());
            request.extensions_mut().insert(peer);
            request
        }
    );

    async fn client(layer: &ClientIpLayer, request: Request<()>) -> Option<ClientIp> {
        let service = layer.layer(service_fn(|request: Request<()>| async move {
            Ok::<_, Infallible>(request.extensions().get::<ClientIp>().copied())
        }));
        service.oneshot(request).await.unwrap()
    }

    fn request(peer: &str) -> Request<()> {
        let mut request = Request::new(());
        let peer = PeerAddr::new(peer.parse().unwrap());
        request.extensions_mut().insert(peer);
        let forged = "203.0.113.9".parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", forged);
        request
    }

    #[tokio::test]
    async fn strangers_are_not_believed() {
        let layer = ClientIpLayer::trusting(["10.0.0.0/8".parse().unwrap()]);
        let ip = |text: &str| Some(ClientIp::new(text.parse().unwrap()));
        assert_eq!(
            client(&layer, request("192.0.2.1:9")).await,
            ip("192.0.2.1")
        );
        assert_eq!(
            client(&layer, request("10.0.0.1:9")).await,
            ip("203.0.113.9")
        );
        // A dual-stack socket shows its IPv4 peers as mapped addresses.
        let mapped = client(&layer, request("[::ffff:10.0.0.1]:9")).await;
        assert_eq!(mapped, ip("203.0.113.9"));
    }

    #[tokio::test]
    async fn without_a_peer_nothing_is_claimed() {
        let layer = ClientIpLayer::trusting(["0.0.0.0/0".parse().unwrap()]);
        let mut request = Request::new(());
        request
            .headers_mut()
            .insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        assert_eq!(client(&layer, request).await, None);
    }

    #[tokio::test]
    async fn the_outcome_learns_of_it() {
        let outcome = Outcome::new();
        let mut request = request("192.0.2.1:9");
        request.extensions_mut().insert(outcome.clone());
        let found = client(&ClientIpLayer::direct(), request).await;
        assert!(found.is_some());
        assert_eq!(outcome.take().client_ip, found);
    }
}
