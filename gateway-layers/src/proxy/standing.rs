use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{Admission, Body, ErrorKind, GatewayError, Identity, Outcome, Standing};
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    WebSocket,
    tunnel::{Hold, WhileOpen},
};

/// Middleware that lets a WebSocket learn that its caller would no longer be let in.
///
/// It goes outside what authenticates, keeps the head of a request that opens a WebSocket, and puts
/// a [`Standing`] into its extensions: whoever carries the WebSocket sends the same head through
/// `admit` again, now and then. `admit` is what authenticates today – where configs are reloaded, a
/// service that asks the one of the newest – around [`Admitted`]. A 2xx is yes, a 4xx no, a refusal
/// of [`ErrorKind::Draining`] asks everybody to leave, and anything else tells nothing. Other requests pass untouched.
///
/// # Example
///
/// ```
/// use gateway_layers::{api_key::{ApiKey, ApiKeyLayer}, proxy::{Admitted, Proxy, StandingLayer}};
/// use tower::ServiceBuilder;
///
/// let keys = ApiKeyLayer::new([ApiKey::new("a", "secret")]);
/// let service = ServiceBuilder::new()
///     .layer(StandingLayer::new(ServiceBuilder::new().layer(keys.clone()).service(Admitted::new())))
///     .layer(keys)
///     .service(Proxy::new("http://127.0.0.1:9001")?);
/// # Ok::<(), gateway_layers::proxy::BuildError>(())
/// ```
///
/// # Cost
///
/// Two look-ups in the headers of a `GET`; of a WebSocket, a copy of its head.
#[derive(Clone, Copy, Debug)]
pub struct StandingLayer<A> {
    admit: A,
}

impl<A> StandingLayer<A> {
    /// Asks `admit`.
    #[must_use]
    pub const fn new(admit: A) -> Self {
        Self { admit }
    }
}

impl<S, A: Clone> Layer<S> for StandingLayer<A> {
    type Service = StandingService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        StandingService {
            inner,
            admit: self.admit.clone(),
        }
    }
}

/// The service of [`StandingLayer`].
#[derive(Clone, Debug)]
pub struct StandingService<S, A> {
    inner: S,
    admit: A,
}

impl<S, A, B, C> Service<Request<B>> for StandingService<S, A>
where
    S: Service<Request<B>>,
    A: Service<Request<Body>, Response = Response<C>> + Clone + Send + Sync + 'static,
    A::Future: Send,
    C: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if WebSocket::is_asked(request.method(), request.headers()) {
            let (admit, head) = (self.admit.clone(), Arc::new(head(&request)));
            let standing = Standing::new(move || ask(admit.clone(), again(&head)));
            request.extensions_mut().insert(standing);
        }
        self.inner.call(request)
    }
}

/// What is to be sent again, without what there is one of.
fn head<B>(request: &Request<B>) -> Request<()> {
    let mut head = Request::new(());
    request.method().clone_into(head.method_mut());
    request.uri().clone_into(head.uri_mut());
    request.headers().clone_into(head.headers_mut());
    let mut extensions = request.extensions().clone();
    extensions.remove::<OnUpgrade>();
    extensions.remove::<Outcome>();
    extensions.remove::<Hold>();
    extensions.remove::<WhileOpen>();
    *head.extensions_mut() = extensions;
    head
}

fn again(head: &Request<()>) -> Request<Body> {
    head.clone().map(|()| Body::empty())
}

async fn ask<A, C>(mut admit: A, request: Request<Body>) -> Admission
where
    A: Service<Request<Body>, Response = Response<C>>,
{
    if poll_fn(|cx| admit.poll_ready(cx)).await.is_err() {
        return Admission::Unknown;
    }
    match admit.call(request).await {
        Ok(response) if response.status().is_success() => {
            Admission::Admitted(response.extensions().get().cloned())
        }
        Ok(response) if response.status().is_client_error() => Admission::Refused,
        Ok(response) if is_draining(&response) => Admission::Leaving,
        _ => Admission::Unknown,
    }
}

fn is_draining<C>(response: &Response<C>) -> bool {
    let error = response.extensions().get::<GatewayError>();
    error.is_some_and(|error| error.kind() == ErrorKind::Draining)
}

/// A service that says who has got to it: 204, with the [`Identity`] among the response's extensions.
///
/// What a [`StandingLayer`] asks ends here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Admitted {
    _priv: (),
}

impl Admitted {
    /// The service.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<B> Service<Request<B>> for Admitted {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Some(caller) = request.extensions_mut().remove::<Identity>() {
            response.extensions_mut().insert(caller);
        }
        ready(Ok(response))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

    use gateway_core::context::IdentityKind;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    gateway_core::contract!(contract, StandingLayer::new(Admitted::new()), clones = 0);

    /// What a request that opens a WebSocket gets, or one that does not.
    async fn standing<A>(admit: A, opens: bool) -> Option<Standing>
    where
        A: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        A::Future: Send,
    {
        let inner = service_fn(async |mut request: Request<Body>| {
            Ok::<_, Infallible>(request.extensions_mut().remove::<Standing>())
        });
        let mut request = Request::get("/ws?a=b").header("x-key", "k");
        if opens {
            request = request
                .header("connection", "upgrade")
                .header("upgrade", "websocket");
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Outcome::new());
        let service = StandingLayer::new(admit).layer(inner);
        service.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn the_same_head_is_asked_about_each_time() {
        let caller = Identity::new(IdentityKind::ApiKey, "keys", "a");
        let status = Arc::new(AtomicU16::new(204));
        let (says, is) = (Arc::clone(&status), caller.clone());
        let admit = service_fn(move |request: Request<Body>| {
            assert_eq!(request.uri(), "/ws?a=b");
            assert_eq!(request.headers()["x-key"], "k");
            assert!(request.extensions().get::<Outcome>().is_none());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(says.load(Relaxed)).unwrap();
            response.extensions_mut().insert(is.clone());
            ready(Ok::<_, Infallible>(response))
        });
        let standing = standing(admit, true).await.unwrap();
        for (says, has) in [(204, true), (503, true), (401, false), (204, true)] {
            status.store(says, Relaxed);
            assert_eq!(standing.has(Some(&caller)).await, has, "{says}");
        }
        assert!(!standing.has(None).await);
    }

    #[tokio::test]
    async fn a_gateway_that_drains_sends_everybody_away() {
        let admit = service_fn(|request: Request<Body>| {
            let responder = gateway_core::Responder::of(&request);
            ready(Ok::<Response<Body>, Infallible>(
                responder.refuse(ErrorKind::Draining),
            ))
        });
        let said = standing(admit, true).await.unwrap().admission().await;
        assert_eq!(said, Admission::Leaving);
    }

    #[tokio::test]
    async fn other_requests_are_not_remembered() {
        assert!(standing(Admitted::new(), false).await.is_none());
        assert!(
            standing(Admitted::new(), true)
                .await
                .unwrap()
                .has(None)
                .await
        );
    }

    #[cfg(feature = "api-key")]
    #[tokio::test]
    async fn a_key_that_has_expired_is_none() {
        use std::time::{Duration, SystemTime};

        use crate::api_key::{ApiKey, ApiKeyLayer, KeySource};

        let (ago, ahead) = (Duration::from_secs(1), Duration::from_secs(3600));
        for (expires, has) in [
            (SystemTime::now() + ahead, true),
            (SystemTime::now() - ago, false),
        ] {
            let keys = ApiKeyLayer::new([ApiKey::new("a", "k").expires(expires)])
                .sources([KeySource::header(http::HeaderName::from_static("x-key"))]);
            let standing = standing(keys.layer(Admitted::new()), true).await.unwrap();
            let caller = Identity::new(IdentityKind::ApiKey, "api_key", "a");
            assert_eq!(standing.has(Some(&caller)).await, has);
        }
    }
}
