use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response, uri::Scheme};
use tower_service::Service;

use super::ResponseFuture;

/// Middleware that tells browsers to come back over HTTPS only.
///
/// See the [module docs](crate::hsts) for an example.
#[derive(Clone, Debug)]
pub struct Hsts<S> {
    pub(super) inner: S,
    pub(super) value: Arc<HeaderValue>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Hsts<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let secure = request.extensions().get::<Scheme>() == Some(&Scheme::HTTPS);
        let value = secure.then(|| Arc::clone(&self.value));
        ResponseFuture::new(self.inner.call(request), value)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use gateway_core::Body;
    use http::header::STRICT_TRANSPORT_SECURITY;
    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::hsts::HstsLayer;

    gateway_core::contract!(plain, HstsLayer::new(Duration::from_secs(60)), clones = 0);

    async fn answered(layer: HstsLayer, scheme: Option<Scheme>, own: bool) -> Vec<String> {
        let service = layer.layer(service_fn(move |_: Request<Body>| async move {
            let mut response = Response::new(Body::empty());
            if own {
                let theirs = HeaderValue::from_static("max-age=1");
                response
                    .headers_mut()
                    .insert(STRICT_TRANSPORT_SECURITY, theirs);
            }
            Ok::<_, Infallible>(response)
        }));
        let mut request = Request::new(Body::empty());
        if let Some(scheme) = scheme {
            request.extensions_mut().insert(scheme);
        }
        let response = service.oneshot(request).await.unwrap();
        let values = response.headers().get_all(STRICT_TRANSPORT_SECURITY);
        values
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn only_https_and_only_once() {
        let layer = || HstsLayer::new(Duration::from_secs(31_536_000));
        assert_eq!(
            answered(layer(), Some(Scheme::HTTPS), false).await,
            ["max-age=31536000"]
        );
        let all = layer().include_subdomains(true).preload(true);
        assert_eq!(
            answered(all, Some(Scheme::HTTPS), true).await,
            ["max-age=31536000; includeSubDomains; preload"]
        );
        assert!(answered(layer(), None, false).await.is_empty());
        assert!(
            answered(layer(), Some(Scheme::HTTP), false)
                .await
                .is_empty()
        );
    }
}
