//! Listeners that are forward proxies, past the routes.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::Either;
use gateway_core::{Request, Response, config::ConfigError};
use gateway_layers::forward_proxy::{ForwardProxy, ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use crate::{config::Config, reload::Draft};

/// The listener a request came by: in the extensions of requests to forward proxies.
#[derive(Clone, Debug)]
pub(super) struct Entered(pub(super) Arc<str>);

/// Layer that hands the requests of some listeners to their forward proxies.
#[derive(Clone, Debug)]
pub(super) struct ForwardLayer {
    proxies: Arc<BTreeMap<Box<str>, ForwardProxy>>,
}

impl ForwardLayer {
    /// `None` where there are none, so that nobody looks.
    pub(super) fn from_config(
        config: &Config,
        stores: &Draft,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let mut proxies = BTreeMap::new();
        for (name, options) in config.forward_proxies.iter() {
            // Secrets are not in the text, which is the store's name, so that none is kept.
            let built = if options.users.is_empty() {
                let store = format!("forward_proxy/{name}/{options:?}");
                let kept = stores.try_get_or(&store, || ForwardProxy::from_config(options));
                kept.map(|proxy| ForwardProxy::clone(&proxy))
            } else {
                ForwardProxy::from_config(options)
            };
            match built {
                Ok(proxy) => _ = proxies.insert(name.into(), proxy),
                Err(error) => errors.push(error.at(&format!("forward_proxies.{name}"))),
            }
        }
        (!proxies.is_empty()).then(|| Self {
            proxies: Arc::new(proxies),
        })
    }
}

impl<S> Layer<S> for ForwardLayer {
    type Service = Forward<S>;

    fn layer(&self, inner: S) -> Forward<S> {
        Forward {
            inner,
            proxies: Arc::clone(&self.proxies),
        }
    }
}

/// Service of [`ForwardLayer`].
#[derive(Clone, Debug)]
pub(super) struct Forward<S> {
    inner: S,
    proxies: Arc<BTreeMap<Box<str>, ForwardProxy>>,
}

impl<S> Service<Request> for Forward<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, ResponseFuture>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let entered = request.extensions_mut().remove::<Entered>();
        let proxy = entered.and_then(|Entered(name)| self.proxies.get(&*name));
        match proxy {
            Some(proxy) => Either::Right(proxy.clone().call(request)),
            None => Either::Left(self.inner.call(request)),
        }
    }
}
