use std::task::{Context, Poll};

use http::{Request, Version};
use tower_layer::Layer;
use tower_service::Service;

use super::hop;

/// Middleware that removes the headers a client's `Connection` names, before any layer sets one.
///
/// Put it outermost. A client can name any header in `Connection` and the proxy has to remove it;
/// where that happens behind the layers which set `x-user`, `Connection: x-user` makes the request
/// anonymous. After this layer `Connection` names nothing that is not of the connection itself.
///
/// It also joins the cookies that HTTP/2 has cut into crumbs (RFC 9113 §8.2.3), before any layer reads
/// one. Connection-specific headers themselves – `Upgrade`, `TE`, `Connection` – stay for the proxy.
#[derive(Clone, Copy, Debug, Default)]
pub struct HopByHopLayer {
    _priv: (),
}

impl HopByHopLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<S> Layer<S> for HopByHopLayer {
    type Service = HopByHop<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HopByHop { inner }
    }
}

/// The service of [`HopByHopLayer`].
#[derive(Clone, Debug)]
pub struct HopByHop<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for HopByHop<S>
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
        hop::strip_named(request.headers_mut());
        if request.version() == Version::HTTP_2 {
            hop::join_cookies(request.headers_mut());
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    gateway_core::contract!(contract, HopByHopLayer::new(), clones = 0);
}
