//! Switching to a protocol that says every byte back.

use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONNECTION;
use http::header::UPGRADE;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

pub(super) async fn echo(mut request: Request) -> Response {
    if !asks_for(&request, "echo") {
        return (StatusCode::UPGRADE_REQUIRED, [(UPGRADE, "echo")]).into_response();
    }
    let upgrade = hyper::upgrade::on(&mut request);
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the client's connection"
    )]
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            say_back(upgraded).await;
        }
    });
    switched("echo")
}

/// Whether the request wants to switch to `protocol`.
pub(super) fn asks_for(request: &Request, protocol: &str) -> bool {
    let given = request
        .headers()
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.eq_ignore_ascii_case(protocol))
}

pub(super) fn switched(protocol: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(protocol));
    response
}

async fn say_back(upgraded: Upgraded) {
    let mut io = TokioIo::new(upgraded);
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = io.read(&mut buffer).await {
        if io.write_all(&buffer[..read]).await.is_err() || io.flush().await.is_err() {
            return;
        }
    }
    let _ = io.shutdown().await;
}
