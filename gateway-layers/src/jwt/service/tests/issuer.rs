use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use gateway_core::{Body, BoxError};
use http::{Request, Response};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};
use tower_service::Service;

use crate::jwt::{Issuer, JwtBuilder, JwtLayer, base64url};

/// An issuer that answers as scripted, and remembers what it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Double {
    pub(super) script: Arc<Mutex<Script>>,
}

#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) cache_control: &'static str,
    pub(super) delay: Duration,
    pub(super) down: bool,
    pub(super) asked: Vec<String>,
}

pub(super) const KEYS_URL: &str = "https://id.example.com/keys";

impl Double {
    pub(super) fn new(body: impl Into<String>) -> Self {
        Self {
            script: Arc::new(Mutex::new(Script {
                status: 200,
                body: body.into(),
                cache_control: "max-age=600",
                delay: Duration::from_millis(50),
                down: false,
                asked: Vec::new(),
            })),
        }
    }

    pub(super) fn with_key(kid: &str, pem: &str) -> Self {
        Self::new(set(&[(kid, pem)]))
    }

    pub(super) fn layer(&self, edit: impl FnOnce(JwtBuilder) -> JwtBuilder) -> JwtLayer {
        let issuer = Issuer::jwks("https://id.example.com", KEYS_URL).audience("api");
        edit(JwtLayer::builder(issuer).client(self.clone()))
            .build()
            .unwrap()
    }

    pub(super) fn edit(&self, edit: impl FnOnce(&mut Script)) {
        edit(&mut self.script.lock().unwrap());
    }

    pub(super) fn asked(&self) -> usize {
        self.script.lock().unwrap().asked.len()
    }
}

impl Service<Request<Body>> for Double {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let script = {
            let mut script = self.script.lock().unwrap();
            script.asked.push(request.uri().to_string());
            script.clone()
        };
        Box::pin(async move {
            tokio::time::sleep(script.delay).await;
            if script.down {
                return Err(BoxError::from("connection refused"));
            }
            let mut body = script.body;
            if request.uri().path().ends_with("openid-configuration") {
                body =
                    json!({"issuer": "https://id.example.com", "jwks_uri": KEYS_URL}).to_string();
            }
            let response = Response::builder()
                .status(script.status)
                .header("cache-control", script.cache_control);
            Ok(response.body(Body::from(body))?)
        })
    }
}

pub(super) fn set(keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> = keys.iter().map(|(kid, pem)| jwk(kid, pem)).collect();
    json!({ "keys": keys }).to_string()
}

/// The JWK of a P-256 public key in PEM.
pub(super) fn jwk(kid: &str, pem: &str) -> Value {
    let key = DecodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    let point = &key.try_get_as_bytes().unwrap()[1..];
    let (x, y) = point.split_at(32);
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
        "x": base64url::encode(x), "y": base64url::encode(y)})
}
