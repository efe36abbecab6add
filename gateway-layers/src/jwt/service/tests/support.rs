use std::{
    convert::Infallible,
    time::{SystemTime, UNIX_EPOCH},
};

use gateway_core::{Body, GatewayError, Outcome};
use http::{HeaderName, HeaderValue, Request, Response};
use jsonwebtoken::{EncodingKey, crypto::aws_lc};
use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::jwt::{Algorithm, JwtLayer, base64url};

/// A caller of a service that answers with the headers and extensions it saw.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    layer: JwtLayer,
    request: Request<()>,
}

impl Caller {
    pub(super) fn new(layer: &JwtLayer) -> Self {
        Self {
            layer: layer.clone(),
            request: Request::new(()),
        }
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.request
            .headers_mut()
            .append(name, value.parse().unwrap());
        self
    }

    pub(super) fn uri(mut self, uri: &str) -> Self {
        *self.request.uri_mut() = uri.parse().unwrap();
        self
    }

    pub(super) fn outcome(mut self, outcome: &Outcome) -> Self {
        self.request.extensions_mut().insert(outcome.clone());
        self
    }

    pub(super) async fn call(self) -> Response<Body> {
        let echo = service_fn(|request: Request<()>| async move {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = request.headers().clone();
            if request.uri() != "/" {
                let uri = HeaderValue::try_from(request.uri().to_string()).unwrap();
                response.headers_mut().insert("x-saw-uri", uri);
            }
            *response.extensions_mut() = request.extensions().clone();
            Ok::<_, Infallible>(response)
        });
        let Ok(response) = self.layer.layer(echo).oneshot(self.request).await;
        response
    }
}

pub(super) fn code(response: &Response<Body>) -> (u16, &str) {
    let error = response.extensions().get::<GatewayError>();
    (
        response.status().as_u16(),
        error.map_or("", GatewayError::code),
    )
}

pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A token of alice for `api`, with `header` and `claims` over the usual ones; `null` removes one.
pub(super) fn sign(algorithm: Algorithm, key: &str, header: &Value, claims: &Value) -> String {
    let signed = unsigned(algorithm.as_str(), header, claims);
    let signature = signature(algorithm, key, signed.as_bytes());
    format!("{signed}.{}", base64url::encode(signature))
}

pub(super) fn unsigned(algorithm: &str, header: &Value, claims: &Value) -> String {
    let header = merge(json!({"alg": algorithm, "typ": "JWT"}), header);
    let usual =
        json!({"iss": "https://id.example.com", "aud": "api", "sub": "alice", "exp": now() + 600});
    let claims = merge(usual, claims);
    format!(
        "{}.{}",
        base64url::encode(header),
        base64url::encode(claims)
    )
}

pub(super) fn signature(algorithm: Algorithm, key: &str, message: &[u8]) -> Vec<u8> {
    let pem = key.as_bytes();
    let key = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem).unwrap(),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(pem).unwrap(),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => EncodingKey::from_secret(pem),
        _ => EncodingKey::from_rsa_pem(pem).unwrap(),
    };
    let make = aws_lc::DEFAULT_PROVIDER.signer_factory;
    make(&algorithm.foreign(), &key)
        .unwrap()
        .try_sign(message)
        .unwrap()
}

fn merge(mut base: Value, over: &Value) -> String {
    let base = base.as_object_mut().unwrap();
    base.extend(over.as_object().unwrap().clone());
    base.retain(|_, value| !value.is_null());
    json!(base).to_string()
}
