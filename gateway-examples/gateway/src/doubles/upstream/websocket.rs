//! WebSocket echo: just enough of RFC 6455 to be a peer.

use std::io;

use aws_lc_rs::digest;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::StatusCode;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;

use super::upgrade;

pub(super) async fn echo(mut request: Request) -> Response {
    let key = request.headers().get("sec-websocket-key").cloned();
    let (Some(key), true) = (key, upgrade::asks_for(&request, "websocket")) else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            "a WebSocket handshake is required\n",
        )
            .into_response();
    };
    let upgraded = hyper::upgrade::on(&mut request);
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the client's connection"
    )]
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            let mut io = hyper_util::rt::TokioIo::new(upgraded);
            // The client breaking the protocol, or leaving, ends the conversation.
            let _ = converse(&mut io).await;
        }
    });
    let mut response = upgrade::switched("websocket");
    if let Ok(accept) = HeaderValue::from_str(&accept(key.as_bytes())) {
        response
            .headers_mut()
            .insert("sec-websocket-accept", accept);
    }
    response
}

/// The proof that the handshake was understood (RFC 6455, section 4.2.2).
fn accept(key: &[u8]) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finish())
}

async fn converse<IO: AsyncRead + AsyncWrite + Unpin>(io: &mut IO) -> io::Result<()> {
    loop {
        let (first, payload) = read_frame(io).await?;
        let answer = match first & OPCODE {
            PING => FIN | PONG,
            PONG => continue,
            _ => first,
        };
        write_frame(io, answer, &payload).await?;
        if first & OPCODE == CLOSE {
            return io.shutdown().await;
        }
    }
}

/// The first byte of a frame, with its opcode, and its payload unmasked.
async fn read_frame<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<(u8, Vec<u8>)> {
    let first = io.read_u8().await?;
    let second = io.read_u8().await?;
    let length = match second & 0x7f {
        126 => u64::from(io.read_u16().await?),
        127 => io.read_u64().await?,
        short => u64::from(short),
    };
    // A client must mask (section 5.1).
    if second & MASKED == 0 || length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut mask = [0; 4];
    io.read_exact(&mut mask).await?;
    let mut payload = vec![0; usize::try_from(length).unwrap_or(0)];
    io.read_exact(&mut payload).await?;
    payload
        .iter_mut()
        .zip(mask.iter().cycle())
        .for_each(|(byte, mask)| *byte ^= mask);
    Ok((first, payload))
}

async fn write_frame<IO: AsyncWrite + Unpin>(
    io: &mut IO,
    first: u8,
    payload: &[u8],
) -> io::Result<()> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(u8::try_from(short).unwrap_or(0)),
        medium @ 126..=0xffff => {
            frame.push(126);
            frame.extend(u16::try_from(medium).unwrap_or(0).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    io.write_all(&frame).await?;
    io.flush().await
}

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const MASKED: u8 = 0x80;
const LONGEST: u64 = 1024 * 1024;
