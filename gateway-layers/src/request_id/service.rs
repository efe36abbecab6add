use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{Outcome, RequestId};
use http::{HeaderName, Request, Response};
use tower_service::Service;

use super::{ResponseFuture, generate};
use crate::client_ip::{Cidr, PeerSource};

/// Middleware that gives every request an id.
///
/// Named `RequestIdService` because `RequestId` is the extension it inserts. See the
/// [module docs](crate::request_id) for an example.
#[derive(Clone, Debug)]
pub struct RequestIdService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) header: HeaderName,
    pub(super) trusted: Vec<Cidr>,
    pub(super) peer: PeerSource,
}

impl Shared {
    fn id<B>(&self, request: &Request<B>) -> RequestId {
        if let Some(id) = request.extensions().get::<RequestId>() {
            return id.clone();
        }
        self.believed(request).unwrap_or_else(generate::fresh)
    }

    fn believed<B>(&self, request: &Request<B>) -> Option<RequestId> {
        if self.trusted.is_empty() {
            return None;
        }
        let peer = (self.peer)(request.extensions())?.ip();
        if !self.trusted.iter().any(|network| network.contains(peer)) {
            return None;
        }
        let mut values = request.headers().get_all(&self.header).iter();
        let id = values.next()?;
        // Two ids are none: the next hop might read the other one.
        if values.next().is_some() {
            return None;
        }
        RequestId::new(id.clone())
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RequestIdService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let id = self.shared.id(&request);
        let value = id.header_value().clone();
        Outcome::record(request.extensions(), |record| {
            record.request_id = Some(id.clone());
        });
        request
            .headers_mut()
            .insert(self.shared.header.clone(), value.clone());
        request.extensions_mut().insert(id);
        ResponseFuture {
            inner: self.inner.call(request),
            header: self.shared.header.clone(),
            value: Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::{client_ip::PeerAddr, request_id::RequestIdLayer};

    gateway_core::contract!(request_id, RequestIdLayer::new(), clones = 0);

    /// The id upstream sees, and the id the client gets from an upstream that has ids of its own.
    async fn ids(layer: &RequestIdLayer, request: Request<()>) -> (String, String) {
        let service = layer.layer(service_fn(|request: Request<()>| async move {
            let id = request.extensions().get::<RequestId>().unwrap();
            let header = request.headers()["x-request-id"].clone();
            assert_eq!(id.header_value(), header);
            assert_eq!(request.headers().get_all("x-request-id").iter().count(), 1);
            let mut response = Response::new(header.to_str().unwrap().to_owned());
            let own = http::HeaderValue::from_static("upstream-own");
            response.headers_mut().insert("x-request-id", own);
            Ok::<_, Infallible>(response)
        }));
        let response = service.oneshot(request).await.unwrap();
        let sent = response.headers()["x-request-id"].to_str().unwrap();
        (sent.to_owned(), response.into_body())
    }

    fn from(peer: &str, ids: &[&str]) -> Request<()> {
        let mut request = Request::builder()
            .extension(PeerAddr::new(peer.parse().unwrap()))
            .body(())
            .unwrap();
        for id in ids {
            let headers = request.headers_mut();
            headers.append("x-request-id", id.parse().unwrap());
        }
        request
    }

    fn trusting() -> RequestIdLayer {
        RequestIdLayer::new().trusting(["10.0.0.0/8".parse().unwrap()])
    }

    #[tokio::test]
    async fn one_id_everywhere() {
        let (client, upstream) = ids(&RequestIdLayer::new(), Request::new(())).await;
        assert_eq!(client, upstream);
        assert_eq!(client.len(), 36);
    }

    #[tokio::test]
    async fn ids_are_kept_from_trusted_peers_alone() {
        let (kept, _) = ids(&trusting(), from("10.1.1.1:1", &["abc"])).await;
        assert_eq!(kept, "abc");
        for (layer, request) in [
            (trusting(), from("192.0.2.1:1", &["abc"])),
            (RequestIdLayer::new(), from("10.1.1.1:1", &["abc"])),
            (trusting(), from("10.1.1.1:1", &["abc", "def"])),
            (trusting(), from("10.1.1.1:1", &["a b"])),
            (trusting(), from("10.1.1.1:1", &[&"a".repeat(129)])),
        ] {
            let (id, upstream) = ids(&layer, request).await;
            assert_eq!(id.len(), 36, "{id}");
            assert_eq!(id, upstream);
        }
    }

    #[tokio::test]
    async fn the_hosts_own_id_is_used() {
        let id = RequestId::new(http::HeaderValue::from_static("host-1")).unwrap();
        let outcome = Outcome::new();
        let mut request = Request::new(());
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(outcome.clone());
        assert_eq!(ids(&RequestIdLayer::new(), request).await.0, "host-1");
        assert_eq!(outcome.take().request_id, Some(id));
    }
}
