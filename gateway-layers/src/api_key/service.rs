use std::{
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

use gateway_core::{ErrorKind, GatewayError, Identity, Outcome, RejectBody, Responder};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use tower_service::Service;

use super::{
    ResponseFuture,
    key::{Found, KeySet},
    source::{Presented, Sources},
};

/// Middleware that admits requests which carry a known API key.
///
/// Named `ApiKeyService` because [`ApiKey`](super::ApiKey) is a key. See the
/// [module docs](crate::api_key) for an example.
#[derive(Clone, Debug)]
pub struct ApiKeyService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) keys: KeySet,
    pub(super) sources: Sources,
    pub(super) optional: bool,
    pub(super) strip: bool,
}

impl Shared {
    /// The bearer; `None` if there is no key and none is needed.
    fn admit(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<&Identity>, GatewayError> {
        let key = match self.sources.find(headers) {
            Presented::Nothing if self.optional => return Ok(None),
            Presented::Nothing => {
                return Err(refusal(ErrorKind::AuthRequired, "an API key is needed"));
            }
            Presented::Several => {
                return Err(refusal(
                    ErrorKind::KeyInvalid,
                    "the request has several keys",
                ));
            }
            Presented::Key(key) => key,
        };
        match self.keys.find(key, now) {
            Found::Valid(identity) => Ok(Some(identity)),
            Found::Expired => Err(refusal(ErrorKind::KeyExpired, "the API key has expired")),
            Found::Unknown => Err(refusal(ErrorKind::KeyInvalid, "the API key is not known")),
        }
    }
}

fn refusal(kind: ErrorKind, detail: &'static str) -> GatewayError {
    let challenge = match kind {
        ErrorKind::AuthRequired => r#"Bearer realm="gateway""#,
        _ => r#"Bearer realm="gateway", error="invalid_token""#,
    };
    GatewayError::new(kind)
        .layer("api_key")
        .detail(detail)
        .header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        )
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ApiKeyService<S>
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
        let identity = match self.shared.admit(request.headers(), SystemTime::now()) {
            Ok(identity) => identity.cloned(),
            Err(error) => {
                Outcome::record(request.extensions(), |record| {
                    record.error = Some(error.clone())
                });
                return ResponseFuture::refused(Responder::of(&request).refuse(error));
            }
        };
        if self.shared.strip {
            self.shared.sources.strip(request.headers_mut());
        }
        if let Some(identity) = identity {
            Outcome::record(request.extensions(), |record| {
                record.identity = Some(identity.clone())
            });
            request.extensions_mut().insert(identity);
        }
        ResponseFuture::admitted(self.inner.call(request))
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use gateway_core::{Body, testing::Contract};
    use tower::{ServiceExt as _, service_fn};
    use tower_layer::Layer as _;

    use super::*;
    use crate::api_key::{ApiKey, ApiKeyLayer};

    fn layer() -> ApiKeyLayer {
        let expired = SystemTime::now() - Duration::from_secs(1);
        ApiKeyLayer::new([
            ApiKey::new("good")
                .id("ci")
                .tenant("acme")
                .scopes(["a", "b"])
                .models(["fast"]),
            ApiKey::new("old").expires_at(expired),
        ])
        .unwrap()
    }

    gateway_core::contract!(
        api_key,
        layer(),
        clones = 0,
        request = || {
            let mut request = Contract::default_request();
            request
                .headers_mut()
                .insert("x-api-key", HeaderValue::from_static("good"));
            request
        }
    );

    async fn send(layer: ApiKeyLayer, headers: &[(&'static str, &'static str)]) -> Response<Body> {
        let service = layer.layer(service_fn(|request: Request<()>| async move {
            let mut response = Response::new(Body::empty());
            if let Some(identity) = request.extensions().get::<Identity>() {
                response.extensions_mut().insert(identity.clone());
            }
            let leaked = request.headers().len();
            response.headers_mut().insert("x-leaked", leaked.into());
            Ok::<_, Infallible>(response)
        }));
        let mut request = Request::new(());
        for (name, value) in headers {
            request
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        service.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_known_key_is_an_identity_and_goes_no_further() {
        let response = send(
            layer(),
            &[("authorization", "Bearer good"), ("api-key", "good")],
        )
        .await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-leaked"], "0");
        let identity = response.extensions().get::<Identity>().unwrap();
        assert_eq!(
            (identity.subject(), identity.tenant()),
            ("ci", Some("acme"))
        );
        assert!(identity.has_scope("b"));
        assert_eq!(identity.claim("models").unwrap()[0], "fast");
        let kept = send(layer().strip(false), &[("api-key", "good")]).await;
        assert_eq!(kept.headers()["x-leaked"], "1");
    }

    #[tokio::test]
    async fn every_refusal_has_its_code_and_challenge() {
        for (headers, code, error) in [
            (&[][..], "auth_required", false),
            (&[("x-api-key", "bad")][..], "key_invalid", true),
            (&[("x-api-key", "old")][..], "key_expired", true),
            (
                &[("x-api-key", "good"), ("api-key", "bad")][..],
                "key_invalid",
                true,
            ),
            (
                &[("authorization", "Basic Z29vZA==")][..],
                "auth_required",
                false,
            ),
        ] {
            let response = send(layer(), headers).await;
            assert_eq!(response.status(), 401, "{headers:?}");
            assert_eq!(
                response.extensions().get::<GatewayError>().unwrap().code(),
                code
            );
            let challenge = response.headers()["www-authenticate"].to_str().unwrap();
            assert_eq!(challenge.contains("invalid_token"), error, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn optional_means_absent_not_wrong() {
        let absent = send(layer().optional(true), &[]).await;
        assert_eq!(absent.status(), 200);
        assert!(absent.extensions().get::<Identity>().is_none());
        assert_eq!(
            send(layer().optional(true), &[("x-api-key", "bad")])
                .await
                .status(),
            401
        );
    }
}
