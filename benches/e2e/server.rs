//! The upstream double and the bare hyper proxy every result is compared with.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use gateway_benches::payloads;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::net::TcpListener;

type Events = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;
type Answer = Response<Either<Full<Bytes>, Events>>;

struct Payloads {
    chat: Bytes,
    message: Bytes,
    chat_events: Arc<[Bytes]>,
    message_events: Arc<[Bytes]>,
    large: Bytes,
}

/// Serves fixed answers: `/plain` 13 bytes, `/large` 64 KiB, chat completions and messages, whole
/// or as 104 events – at once, or every 10 ms where the request has `x-pace`.
pub(crate) async fn upstream(port: u16) -> anyhow::Result<()> {
    let payloads = Arc::new(Payloads {
        chat: payloads::chat_reply(),
        message: payloads::message_reply(),
        chat_events: payloads::chat_events().into(),
        message_events: payloads::message_events().into(),
        large: Bytes::from(vec![b'x'; 64 << 10]),
    });
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let payloads = Arc::clone(&payloads);
        let service = service_fn(move |request| answer(Arc::clone(&payloads), request));
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with its connection; the process is killed"
        )]
        tokio::spawn(async move {
            _ = http1::Builder::new()
                .serve_connection(TokioIo::new(io), service)
                .await;
        });
    }
}

async fn answer(payloads: Arc<Payloads>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let path = request.uri().path().to_owned();
    let paced = path.starts_with("/paced");
    let messages = path.ends_with("/messages");
    let is_chat = messages || path.ends_with("/chat/completions");
    if !is_chat {
        let body = if path.ends_with("/large") {
            payloads.large.clone()
        } else {
            Bytes::from_static(b"hello, world!")
        };
        return Ok(whole("text/plain", body));
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the bench's own requests, 0.6 KB each"
    )]
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let streamed = body.windows(13).any(|window| window == b"\"stream\":true");
    let (reply, events) = if messages {
        (&payloads.message, &payloads.message_events)
    } else {
        (&payloads.chat, &payloads.chat_events)
    };
    Ok(if streamed {
        stream(Arc::clone(events), paced)
    } else {
        whole("application/json", reply.clone())
    })
}

fn whole(media_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Either::Left(Full::new(body)));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(media_type),
    );
    response
}

fn stream(events: Arc<[Bytes]>, paced: bool) -> Answer {
    let frames = futures_util::stream::unfold(0, move |at| {
        let events = Arc::clone(&events);
        async move {
            let event = events.get(at)?.clone();
            if paced && at > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Some((Ok(Frame::data(event)), at + 1))
        }
    });
    let mut response = Response::new(Either::Right(StreamBody::new(frames).boxed_unsync()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/event-stream"),
    );
    response
}

/// hyper's server and hyper-util's pooled client, and nothing between them.
pub(crate) async fn hyperproxy(port: u16, upstream: u16) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(4096)
        .build(connector);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let client = client.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str());
            let target = format!("http://127.0.0.1:{upstream}{path}");
            if let Ok(uri) = target.parse() {
                *request.uri_mut() = uri;
            }
            client.request(request)
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with its connection; the process is killed"
        )]
        tokio::spawn(async move {
            _ = http1::Builder::new()
                .serve_connection(TokioIo::new(io), service)
                .await;
        });
    }
}
