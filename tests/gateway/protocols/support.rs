//! Clients and upstreams of hyper, of either HTTP.

use std::{convert::Infallible, future::Future, net::SocketAddr};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use gateway_tests::{ConfigFile, Gateway};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

use crate::PROGRAM;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

pub(crate) use Http::{One, Two};

pub(crate) const ALL: [(Http, Http); 4] = [(One, One), (One, Two), (Two, One), (Two, Two)];

#[expect(
    clippy::disallowed_methods,
    reason = "the test's runtime ends all tasks"
)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// An upstream that answers by `answer`.
pub(crate) async fn upstream<F, A>(http: Http, answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answer = answer(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            spawn(async move {
                let io = TokioIo::new(io);
                // A test sees what matters in the answer.
                _ = match http {
                    One => {
                        let builder = server::conn::http1::Builder::new();
                        builder.serve_connection(io, service).with_upgrades().await
                    }
                    Two => {
                        let mut builder = server::conn::http2::Builder::new(TokioExecutor::new());
                        builder.enable_connect_protocol();
                        builder.serve_connection(io, service).await
                    }
                };
            });
        }
    });
    address
}

/// A gateway in front of the upstream at `to`, with more options of the upstream and of the route.
pub(crate) async fn gateway(
    http: Http,
    to: SocketAddr,
    upstream: &str,
    route: &str,
) -> (Gateway, ConfigFile) {
    let protocol = match http {
        One => "http1",
        Two => "http2",
    };
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
limits: {{ body: 4GiB }}
upstreams:
  up: {{ endpoints: [\"http://{to}\"], protocol: {protocol}{upstream} }}
routes:
  all: {{ match: \"/{{*rest}}\", to: up{route} }}
"
    ));
    let path = file.path().display().to_string();
    (Gateway::start(PROGRAM, &["run", &path]).await, file)
}

/// A connection to the gateway.
pub(crate) enum Client {
    One(client::conn::http1::SendRequest<Body>),
    Two(client::conn::http2::SendRequest<Body>),
}

impl Client {
    pub(crate) async fn connect(http: Http, to: SocketAddr) -> Self {
        let io = TokioIo::new(TcpStream::connect(to).await.expect("it listens"));
        match http {
            One => {
                let (sender, connection) = client::conn::http1::handshake(io)
                    .await
                    .expect("nothing is said yet");
                spawn(async move { _ = connection.with_upgrades().await });
                Self::One(sender)
            }
            Two => {
                let (sender, connection) = client::conn::http2::handshake(TokioExecutor::new(), io)
                    .await
                    .expect("nothing is said yet");
                spawn(async move { _ = connection.await });
                Self::Two(sender)
            }
        }
    }

    /// Sends a request to `path`; HTTP/2 has the host in the target.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Response<Incoming> {
        match self {
            Self::One(sender) => {
                let host = HeaderValue::from_static("h.test");
                request.headers_mut().insert("host", host);
                sender.send_request(request).await.expect("an answer")
            }
            Self::Two(sender) => {
                let uri = format!("http://h.test{}", request.uri());
                *request.uri_mut() = uri.parse().expect("it was one before");
                sender.send_request(request).await.expect("an answer")
            }
        }
    }
}

/// A body of `pieces` with trailers.
pub(crate) fn frames(pieces: &[&'static str], trailers: &[(&'static str, &str)]) -> Body {
    let data = pieces
        .iter()
        .map(|piece| Frame::data(Bytes::from_static(piece.as_bytes())));
    let mut map = HeaderMap::new();
    for (name, value) in trailers {
        map.insert(*name, HeaderValue::from_str(value).expect("text"));
    }
    let mut frames: Vec<_> = data.collect();
    frames.push(Frame::trailers(map));
    let frames = frames.into_iter().map(Ok::<_, BoxError>);
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}

/// A body whole, and its trailers.
pub(crate) async fn read<B>(body: B) -> (String, HeaderMap)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (bytes, trailers) = whole(body).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (text, trailers.unwrap_or_default())
}

/// A body whole as bytes, and its trailers if there are any.
#[expect(
    clippy::disallowed_methods,
    reason = "the body is one that the test itself sent"
)]
pub(crate) async fn whole<B>(body: B) -> (Vec<u8>, Option<HeaderMap>)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let read = body.collect().await.expect("a whole body");
    let trailers = read.trailers().cloned();
    (read.to_bytes().to_vec(), trailers)
}
