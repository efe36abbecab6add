//! WebSockets: just enough of RFC 6455 to be a peer.

use std::io;

use aws_lc_rs::digest;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONNECTION;
use http::header::UPGRADE;
use hyper::upgrade::OnUpgrade;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;

/// Whether the request wants to switch to `protocol`.
pub(super) fn asks_for(request: &Request, protocol: &str) -> bool {
    let given = request
        .headers()
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.eq_ignore_ascii_case(protocol))
}

pub(super) fn switched(protocol: &'static str) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(protocol));
    response
}

/// Accepts a handshake; `None` where the request is none.
pub(super) fn handshake(request: &mut Request) -> Option<(OnUpgrade, Response)> {
    let key = request.headers().get("sec-websocket-key").cloned();
    let key = key.filter(|_| asks_for(request, "websocket"))?;
    let accept = HeaderValue::from_str(&accept(key.as_bytes())).ok()?;
    let mut response = switched("websocket");
    response
        .headers_mut()
        .insert("sec-websocket-accept", accept);
    Some((hyper::upgrade::on(request), response))
}

/// The proof that the handshake was understood (RFC 6455, section 4.2.2).
fn accept(key: &[u8]) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finish())
}

/// The first byte of a frame, with its opcode, and its payload unmasked.
pub(super) async fn read_frame<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<(u8, Vec<u8>)> {
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

pub(super) async fn write_frame<IO: AsyncWrite + Unpin>(
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

pub(super) const FIN: u8 = 0x80;
pub(super) const OPCODE: u8 = 0x0f;
pub(super) const TEXT: u8 = 0x1;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;
const MASKED: u8 = 0x80;
const LONGEST: u64 = 1024 * 1024;
