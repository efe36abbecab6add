//! JWT and a rate limit on a plain `axum::Router`: no error handler, no `Buffer`, no own extractor.
//!
//! ```text
//! cargo run -p axum-quickstart          # prints a token
//! curl -i localhost:3000/hello                                      # 401
//! curl -i localhost:3000/hello -H "Authorization: Bearer $TOKEN"    # 200; the sixth at once is a 429
//! ```
//!
//! In production the issuer is `Issuer::oidc("https://id.example.com")`; a shared secret keeps this
//! example on one machine.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Extension, Router, routing::get};
use gateway_core::{Identity, Key};
use gateway_layers::{
    client_ip::ClientIpLayer,
    jwt::{Algorithm, Issuer, JwtLayer, VerifyingKey},
    rate_limit::{RateLimitLayer, per_minute},
};
use serde_json::json;
use tower::ServiceBuilder;

const ISSUER: &str = "https://id.example.com";
const SECRET: &[u8] = b"thirty-two bytes, only for a demo";

async fn hello(Extension(caller): Extension<Identity>) -> String {
    format!("hello, {}\n", caller.subject())
}

fn app() -> Result<Router, Box<dyn Error>> {
    let key = VerifyingKey::from_secret(SECRET, Algorithm::HS256)?;
    let jwt = JwtLayer::builder(Issuer::keys(ISSUER, [key]).audience("quickstart")).build()?;
    let limit = RateLimitLayer::new(per_minute(60).burst(5)).key(Key::Subject.or(Key::ClientIp));
    let layers = ServiceBuilder::new()
        .layer(ClientIpLayer::direct())
        .layer(jwt)
        .layer(limit);
    Ok(Router::new().route("/hello", get(hello)).layer(layers))
}

/// What the identity provider would do.
fn token(subject: &str) -> Result<String, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({ "iss": ISSUER, "aud": "quickstart", "sub": subject, "exp": now + 3600 });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    Ok(jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &claims,
        &key,
    )?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!(
        "listening http://{}\nTOKEN={}",
        listener.local_addr()?,
        token("alice")?
    );
    // `ConnectInfo` is how axum tells the peer's address; the client IP layer reads it.
    axum::serve(
        listener,
        app()?.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_token_opens_and_the_sixth_call_is_too_many() {
        let app = app().unwrap();
        let call = |token: Option<String>| {
            let mut request = Request::get("/hello").body(Body::empty()).unwrap();
            if let Some(token) = token {
                let value = format!("Bearer {token}").parse().unwrap();
                request.headers_mut().insert("authorization", value);
            }
            app.clone().oneshot(request)
        };
        assert_eq!(call(None).await.unwrap().status(), 401);
        let forged = token("alice").unwrap().replace(['A', 'B'], "C");
        assert_eq!(call(Some(forged)).await.unwrap().status(), 401);
        for _ in 0..5 {
            assert_eq!(
                call(Some(token("alice").unwrap())).await.unwrap().status(),
                200
            );
        }
        assert_eq!(
            call(Some(token("alice").unwrap())).await.unwrap().status(),
            429
        );
        assert_eq!(
            call(Some(token("bob").unwrap())).await.unwrap().status(),
            200
        );
    }
}
