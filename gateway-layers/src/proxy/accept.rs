use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use gateway_core::{Body, ErrorKind, GatewayError, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Tunnels,
    extended::WEBSOCKET,
    hop,
    tunnel::{Hold, Moved, UPGRADE_WITHIN, WhileOpen},
    websocket,
};

/// A WebSocket that is answered here and not by an upstream.
///
/// It opens as those do that are carried: over HTTP/1.1, and over HTTP/2 behind
/// [`ExtendedConnectLayer`](super::ExtendedConnectLayer). Extensions are not agreed on, so that frames
/// can be read.
pub struct WebSocket {
    client: OnUpgrade,
    accept: HeaderValue,
    held: (Option<Hold>, Option<WhileOpen>),
}

impl WebSocket {
    /// Whether a request asks for one.
    #[must_use]
    pub fn is_asked(method: &Method, headers: &HeaderMap) -> bool {
        *method == Method::GET
            && hop::has_token(headers, &header::CONNECTION, "upgrade")
            && hop::has_token(headers, &header::UPGRADE, WEBSOCKET)
    }

    /// Takes the client's half out of a request.
    ///
    /// # Errors
    ///
    /// It is no handshake, or not one of version 13 (RFC 6455 §4.2); 426 says which there is (§4.4).
    pub fn take(parts: &mut Parts) -> Result<Self, GatewayError> {
        let asks = Self::is_asked(&parts.method, &parts.headers);
        let version = parts.headers.get(header::SEC_WEBSOCKET_VERSION);
        // RFC 8441 §5 keeps the version and drops the key, which is made up before it comes here.
        if !asks || version.is_none_or(|version| version != VERSION) {
            return Err(GatewayError::new(ErrorKind::BadRequest)
                .status(StatusCode::UPGRADE_REQUIRED)
                .detail("a WebSocket handshake of version 13 is required")
                .header(header::UPGRADE, HeaderValue::from_static(WEBSOCKET))
                .header(
                    header::SEC_WEBSOCKET_VERSION,
                    HeaderValue::from_static(VERSION),
                ));
        }
        let wrong = |detail| GatewayError::new(ErrorKind::BadRequest).detail(detail);
        let key = parts.headers.get(header::SEC_WEBSOCKET_KEY);
        let key = key.ok_or_else(|| wrong("the handshake has no key"))?;
        let accept = websocket::accept(key);
        let extensions = &mut parts.extensions;
        let client = extensions.remove::<OnUpgrade>();
        Ok(Self {
            client: client.ok_or_else(|| wrong("this connection cannot be upgraded"))?,
            accept,
            held: (extensions.remove(), extensions.remove()),
        })
    }

    /// Opens it: `converse` runs in a task of its own, which `tunnels` counts and ends, until it is
    /// done or nothing has moved for as long as a tunnel may be silent.
    pub fn serve<F>(
        self,
        tunnels: &Tunnels,
        protocol: Option<HeaderValue>,
        converse: impl FnOnce(WebSocketStream) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let client = self.client;
        let end = tunnels.run(self.held, |moved| async move {
            let client = tokio::time::timeout(UPGRADE_WITHIN, client).await?;
            let client = client.map_err(io::Error::other)?;
            converse(WebSocketStream::new(client, Some(moved))).await;
            Ok(())
        });
        response.extensions_mut().insert(end);
        response
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").finish_non_exhaustive()
    }
}

/// The bytes of a [`WebSocket`] once it is open.
pub struct WebSocketStream {
    io: TokioIo<Upgraded>,
    moved: Option<Arc<Moved>>,
}

impl WebSocketStream {
    fn new(io: Upgraded, moved: Option<Arc<Moved>>) -> Self {
        Self {
            io: TokioIo::new(io),
            moved,
        }
    }

    /// Makes a request ask for a WebSocket, for [`open`](Self::open) to be called with the answer.
    pub fn ask(headers: &mut HeaderMap) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static(VERSION),
        );
        headers.insert(header::SEC_WEBSOCKET_KEY, websocket::new_key());
    }

    /// What an answer `101` has opened.
    ///
    /// # Errors
    ///
    /// The answer is another one, or the connection broke.
    pub async fn open(mut response: Response) -> io::Result<Self> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(io::Error::other("the protocol was not switched"));
        }
        let upgraded = hyper::upgrade::on(&mut response).await;
        Ok(Self::new(upgraded.map_err(io::Error::other)?, None))
    }
}

impl AsyncRead for WebSocketStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Some(moved) = &self.moved {
            let read = (buf.filled().len() - before) as u64;
            moved.received.fetch_add(read, Ordering::Relaxed);
        }
        polled
    }
}

impl AsyncWrite for WebSocketStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        if let (Some(moved), Poll::Ready(Ok(written))) = (&self.moved, &polled) {
            moved.sent.fetch_add(*written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl fmt::Debug for WebSocketStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStream").finish_non_exhaustive()
    }
}

const VERSION: &str = "13";

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::get("/ws");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_is_no_handshake_is_told_what_is() {
        let upgrade = [("connection", "Upgrade"), ("upgrade", "WebSocket")];
        let mut old = upgrade.to_vec();
        old.push(("sec-websocket-version", "8"));
        for headers in [&[][..], &upgrade, &old] {
            let error = WebSocket::take(&mut parts(headers)).unwrap_err();
            assert_eq!(error.status_code(), 426, "{headers:?}");
        }
        let mut keyless = upgrade.to_vec();
        keyless.push(("sec-websocket-version", "13"));
        let error = WebSocket::take(&mut parts(&keyless)).unwrap_err();
        assert_eq!(error.status_code(), 400);
    }

    #[test]
    fn what_is_asked_is_recognised() {
        let mut headers = HeaderMap::new();
        WebSocketStream::ask(&mut headers);
        assert!(WebSocket::is_asked(&Method::GET, &headers));
        assert!(!WebSocket::is_asked(&Method::POST, &headers));
    }
}
