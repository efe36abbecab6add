//! A WebSocket that says every message back.

use std::io;

use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;

use crate::doubles::frames;
use crate::doubles::frames::CLOSE;
use crate::doubles::frames::FIN;
use crate::doubles::frames::OPCODE;
use crate::doubles::frames::PING;
use crate::doubles::frames::PONG;

pub(super) async fn echo(mut request: Request) -> Response {
    let Some((upgrade, response)) = frames::handshake(&mut request) else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            "a WebSocket handshake is required\n",
        )
            .into_response();
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the client's connection"
    )]
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let mut io = hyper_util::rt::TokioIo::new(upgraded);
            // The client breaking the protocol, or leaving, ends the conversation.
            let _ = converse(&mut io).await;
        }
    });
    response
}

async fn converse<IO: AsyncRead + AsyncWrite + Unpin>(io: &mut IO) -> io::Result<()> {
    loop {
        let (first, payload) = frames::read_frame(io).await?;
        let answer = match first & OPCODE {
            PING => FIN | PONG,
            PONG => continue,
            _ => first,
        };
        frames::write_frame(io, answer, &payload).await?;
        if first & OPCODE == CLOSE {
            return io.shutdown().await;
        }
    }
}
