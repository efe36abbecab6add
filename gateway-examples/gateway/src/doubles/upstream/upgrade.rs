//! Switching to a protocol that says every byte back.

use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header::UPGRADE;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::doubles::frames::asks_for;
use crate::doubles::frames::switched;

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
