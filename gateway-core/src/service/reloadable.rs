use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use tower_service::Service;

use super::{ResponseFuture, SharedService};
use crate::Request;

/// A service whose whole stack can be swapped in one atomic step.
///
/// A request runs to its end on the stack it began on: the response future owns its clone. What
/// must survive a swap – counters, caches, pools – is therefore kept outside the stack and handed
/// to the next one.
#[derive(Clone, Debug)]
pub struct Reloadable {
    current: Arc<ArcSwap<SharedService>>,
}

/// Swaps the stack of a [`Reloadable`].
#[derive(Clone, Debug)]
pub struct ReloadHandle {
    current: Arc<ArcSwap<SharedService>>,
}

impl Reloadable {
    /// Serves `first` until the handle swaps it.
    #[must_use]
    pub fn new(first: SharedService) -> (Self, ReloadHandle) {
        let current = Arc::new(ArcSwap::from_pointee(first));
        (
            Self {
                current: Arc::clone(&current),
            },
            ReloadHandle { current },
        )
    }
}

impl ReloadHandle {
    /// Lets requests from now on run on `next`.
    pub fn swap(&self, next: SharedService) {
        self.current.store(Arc::new(next));
    }
}

impl Service<Request> for Reloadable {
    type Response = crate::Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        self.current.load().start(request)
    }
}

#[cfg(test)]
mod tests {
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::{Body, Response};

    fn answering(text: &'static str) -> SharedService {
        SharedService::new(service_fn(move |_: Request| async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Response::new(Body::from(text)))
        }))
    }

    #[tokio::test]
    async fn a_request_in_flight_ends_on_the_stack_it_began_on() {
        let (service, handle) = Reloadable::new(answering("old"));
        let mut in_flight = service.clone().oneshot(Request::default());
        assert!(futures_util::poll!(&mut in_flight).is_pending());
        handle.swap(answering("new"));
        let old = in_flight.await.unwrap().into_body();
        assert_eq!(old.as_bytes().unwrap(), "old");
        let new = service
            .oneshot(Request::default())
            .await
            .unwrap()
            .into_body();
        assert_eq!(new.as_bytes().unwrap(), "new");
    }
}
