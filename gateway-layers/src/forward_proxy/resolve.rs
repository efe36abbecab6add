use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::BoxError;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use super::address::Addresses;

/// Resolves names to the addresses that may be dialled, so that no other one can be.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    addresses: Arc<Addresses>,
}

impl Resolver {
    pub(super) fn new(addresses: Arc<Addresses>) -> Self {
        Self {
            system: GaiResolver::new(),
            addresses,
        }
    }
}

/// None of the addresses of a name may be dialled.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address that is allowed")]
pub(super) struct Forbidden;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.system.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.system.call(name);
        let addresses = Arc::clone(&self.addresses);
        Box::pin(async move {
            let found = found.await?;
            let admitted = found.filter(|found| addresses.admits(found.ip()));
            let admitted: Vec<SocketAddr> = admitted.collect();
            if admitted.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(admitted.into_iter())
        })
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}
