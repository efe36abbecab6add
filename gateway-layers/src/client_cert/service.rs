use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{ErrorKind, GatewayError, Outcome, RejectBody, Responder};
use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::{ClientCertificate, ResponseFuture};
use crate::identity_headers::IdentityHeaders;

/// Middleware that admits requests of connections that proved a client certificate.
///
/// Named `ClientCertService` because `ClientCertificate` is what it reads. See the
/// [module docs](crate::client_cert) for an example.
#[derive(Clone, Debug)]
pub struct ClientCertService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub(super) upstream: IdentityHeaders,
    pub(super) optional: bool,
}

impl Shared {
    fn authenticate<B>(&self, request: &mut Request<B>) -> Result<(), GatewayError> {
        let certificate = request.extensions().get::<ClientCertificate>();
        let Some(identity) = certificate.map(|found| found.identity().clone()) else {
            self.upstream.write(request.headers_mut(), &[]);
            return match self.optional {
                true => Ok(()),
                false => Err(refusal()),
            };
        };
        let told = self.upstream.values(&identity);
        self.upstream.write(request.headers_mut(), &told);
        Outcome::record(request.extensions(), |record| {
            record.identity = Some(identity.clone());
        });
        request.extensions_mut().insert(identity);
        Ok(())
    }
}

/// 403 and not 401: a 401 must name a challenge (RFC 9110 §11.6.1), and no header of a second
/// request on this connection could meet it.
fn refusal() -> GatewayError {
    GatewayError::new(ErrorKind::AuthRequired)
        .status(StatusCode::FORBIDDEN)
        .layer("client_cert")
        .detail("a client certificate is required")
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ClientCertService<S>
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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.shared.authenticate(&mut request) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(refusal) => ResponseFuture::refused(Responder::of(&request).refuse(refusal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::{Body, Identity, testing::Contract};
    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::client_cert::{ClientCertLayer, certificate::tests::made};

    gateway_core::contract!(
        nobody_needed,
        ClientCertLayer::new().optional(true),
        clones = 0
    );
    gateway_core::contract!(
        admitted,
        ClientCertLayer::new(),
        clones = 0,
        request = || {
            let mut request = Contract::default_request();
            let certificate = made(Some("orders"), vec![]).unwrap();
            request.extensions_mut().insert(certificate);
            request
        }
    );

    async fn ask(layer: ClientCertLayer, certificate: Option<&str>) -> (u16, String) {
        let service = layer.layer(service_fn(|request: Request<Body>| async move {
            let who = request.extensions().get::<Identity>();
            let told = request.headers().get_all("x-subject").iter();
            let told: Vec<_> = told.map(|value| value.to_str().unwrap()).collect();
            let said = format!("{:?} {told:?}", who.map(Identity::subject));
            Ok::<_, Infallible>(Response::new(Body::from(said)))
        }));
        let mut request = Request::new(Body::empty());
        let forged = "admin".parse().unwrap();
        request.headers_mut().insert("x_subject", forged);
        let forged = "root".parse().unwrap();
        request.headers_mut().insert("x-subject", forged);
        if let Some(name) = certificate {
            let certificate = made(Some(name), vec![]).unwrap();
            request.extensions_mut().insert(certificate);
        }
        let response = service.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = gateway_core::body::collect(response.into_body(), 4096).await;
        let body = String::from_utf8(body.unwrap().bytes().to_vec()).unwrap();
        (status, body)
    }

    #[tokio::test]
    async fn the_holder_becomes_the_identity_and_forgeries_go() {
        let header = || http::HeaderName::from_static("x-subject");
        let layer = || ClientCertLayer::new().claim_to_header("sub", header());
        let (status, said) = ask(layer(), Some("orders")).await;
        assert_eq!((status, &*said), (200, r#"Some("orders") ["orders"]"#));
        let (status, said) = ask(layer(), None).await;
        assert_eq!(status, 403, "{said}");
        assert!(said.contains("auth_required"), "{said}");
        let (status, said) = ask(layer().optional(true), None).await;
        assert_eq!((status, &*said), (200, "None []"));
    }
}
