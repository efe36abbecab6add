use std::task::{Context, Poll};

use bytes::Bytes;
use gateway_core::{ErrorKind, GatewayError, RejectBody, Responder};
use http::{Method, Request, Response, StatusCode, header, uri::Scheme};
use tower_service::Service;

use super::{ResponseFuture, location::location};

/// Middleware that sends clients to the same place over HTTPS.
///
/// See the [module docs](crate::https_redirect) for an example.
#[derive(Clone, Copy, Debug)]
pub struct HttpsRedirect<S> {
    pub(super) inner: S,
    pub(super) port: Option<u16>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for HttpsRedirect<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Not the scheme of the target: that is the client's to write.
        if request.extensions().get::<Scheme>() == Some(&Scheme::HTTPS) {
            return ResponseFuture::admitted(self.inner.call(request));
        }
        let Some(location) = location(request.uri(), request.headers(), self.port) else {
            let error = GatewayError::new(ErrorKind::BadRequest).layer("https_redirect");
            let refusal = error.detail("there is no host to redirect to");
            return ResponseFuture::refused(Responder::of(&request).refuse(refusal));
        };
        let mut response = Response::new(ResBody::from_rejection(Bytes::new()));
        *response.status_mut() = match *request.method() {
            Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
            // RFC 9110 §15.4.9: the method stays what it is, and with it the body.
            _ => StatusCode::PERMANENT_REDIRECT,
        };
        response.headers_mut().insert(header::LOCATION, location);
        ResponseFuture::refused(response)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::{Body, testing::Contract};
    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::https_redirect::HttpsRedirectLayer;

    gateway_core::contract!(
        over_https,
        HttpsRedirectLayer::new(),
        clones = 0,
        request = || {
            let mut request = Contract::default_request();
            request.extensions_mut().insert(Scheme::HTTPS);
            request
        }
    );

    async fn ask(method: &str, host: Option<&str>) -> (u16, Option<String>) {
        let service =
            HttpsRedirectLayer::new()
                .port(8443)
                .layer(service_fn(|_: Request<Body>| async {
                    Ok::<_, Infallible>(Response::new(Body::empty()))
                }));
        let mut request = Request::builder().method(method).uri("/a?b");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        let location = response.headers().get("location");
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[tokio::test]
    async fn methods_and_hosts() {
        let there = Some("https://a.example:8443/a?b".to_owned());
        assert_eq!(
            ask("GET", Some("a.example:8080")).await,
            (301, there.clone())
        );
        assert_eq!(
            ask("HEAD", Some("a.example:8080")).await,
            (301, there.clone())
        );
        assert_eq!(ask("POST", Some("a.example:8080")).await, (308, there));
        assert_eq!(ask("GET", None).await, (400, None));
    }
}
