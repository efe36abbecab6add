use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{ErrorKind, Request, Responder, Response};
use tower_service::Service;

use super::live::Live;

/// What authenticates on a route in the config that is running, whichever that is.
///
/// A WebSocket stays with the stack that it was opened on; its caller does not.
#[derive(Clone)]
pub(super) struct Admission {
    live: Live,
    route: Arc<str>,
}

impl Admission {
    pub(super) fn new(live: &Live, route: &str) -> Self {
        Self {
            live: live.clone(),
            route: route.into(),
        }
    }
}

impl Service<Request> for Admission {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Always ready: which service is asked is not known before it is called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.live.is_leaving() {
            let refused = Responder::of(&request).refuse(ErrorKind::Draining);
            return Box::pin(std::future::ready(Ok(refused)));
        }
        let admit = self.live.admission(&self.route);
        Box::pin(async move {
            match admit {
                Some(admit) => tower::ServiceExt::oneshot(admit, request).await,
                None => Ok(Responder::of(&request).refuse(ErrorKind::NoRoute)),
            }
        })
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}
