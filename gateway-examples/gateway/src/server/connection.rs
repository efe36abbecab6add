use std::{
    convert::Infallible,
    future::{Future as _, poll_fn},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Interim, Request, Response, TunnelEnd};
use gateway_layers::{client_ip::PeerAddr, observe::RequestBytes, proxy::WhileOpen};
use http::{Extensions, HeaderValue, Version, header, uri::Scheme};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    ext::ReasonPhrase,
    server::conn::{http1, http2},
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_service::Service;

use super::{
    Drain, Limits,
    arrival::arrived,
    check,
    detect::{Spoken, detect},
    entrance::Client,
    interim::Interims,
    io::Io,
    room::roomy,
    state::{ServerBody, State},
    supervise::supervise,
    watched::Watched,
};

/// Serves one connection to its end.
pub(super) async fn serve<S>(
    mut stream: Io,
    client: Client,
    service: S,
    limits: &Limits,
    drain: Drain,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let detected = tokio::select! {
        detected = tokio::time::timeout(limits.header_timeout, detect(&mut stream)) => detected,
        () = async { drain.clone().started().await } => return,
    };
    let Ok(Ok(Some((spoken, read_before)))) = detected else {
        return;
    };
    match spoken {
        Spoken::Http1 => http1(stream, read_before, client, service, limits, drain).await,
        Spoken::Http2 => http2(stream, read_before, client, service, limits, drain).await,
        Spoken::Neither => {
            // Whoever sent it may be gone already; there is nobody to tell.
            let _ = tokio::time::timeout(limits.header_timeout, refuse(&mut stream)).await;
        }
    }
}

/// Answers what no parser should see, and reads on a little: closing on unread bytes resets the
/// connection, and the answer with it.
async fn refuse(stream: &mut Io) -> std::io::Result<()> {
    stream.write_all(NOT_HTTP).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(LINGER_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}

async fn http1<S>(
    stream: Io,
    read_before: Bytes,
    client: Client,
    service: S,
    limits: &Limits,
    drain: Drain,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let interims = limits.interim.then(Interims::default);
    let state = State::new(client, drain.clone(), interims);
    state.on_read();
    let io = Watched::new(TokioIo::new(stream), read_before, Arc::clone(&state));
    let answering = Arc::clone(&state);
    let max_target = limits.uri_bytes;
    let service = service_fn(move |request| {
        answer(service.clone(), request, max_target, Arc::clone(&answering))
    });
    let mut builder = http1::Builder::new();
    // hyper parses up to its own default on the stack, and on the heap if another bound is set.
    if limits.headers != HYPERS_MAX_HEADERS {
        builder.max_headers(limits.headers);
    }
    let connection = builder
        // A client that closes has left, and what it asked for is cancelled at once. One that only says
        // that it will send no more looks the same, and is answered no more.
        .half_close(false)
        .max_buf_size(limits.header_bytes.max(8 << 10))
        // The supervisor's clocks tell a slow head from an idle connection; hyper's does not.
        .header_read_timeout(None)
        .timer(TokioTimer::new())
        .serve_connection(io, service)
        .with_upgrades();
    supervise(connection, &state, limits, drain).await;
}

async fn http2<S>(
    stream: Io,
    read_before: Bytes,
    client: Client,
    service: S,
    limits: &Limits,
    drain: Drain,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    // hyper keeps the compression of headers to itself: nobody beside it can write HTTP/2.
    let state = State::new(client, drain.clone(), None);
    let io = Watched::new(TokioIo::new(stream), read_before, Arc::clone(&state));
    let answering = Arc::clone(&state);
    let max_target = limits.uri_bytes;
    let service = service_fn(move |request| {
        answer(service.clone(), request, max_target, Arc::clone(&answering))
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        // A reset stream costs the peer nothing and us a request: CVE-2023-44487, CVE-2025-8671.
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .max_send_buf_size(SEND_BUFFER)
        // WebSockets, RFC 8441.
        .enable_connect_protocol()
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .serve_connection(io, service);
    supervise(connection, &state, limits, drain).await;
}

async fn answer<S>(
    mut service: S,
    request: http::Request<Incoming>,
    max_target: usize,
    state: Arc<State>,
) -> Result<http::Response<ServerBody>, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let in_flight = state.begin();
    let state = in_flight.state();
    let mut request = arrived(request);
    if let Err(refusal) = check::request(&mut request, max_target) {
        let response = check::refuse(&request, refusal);
        return Ok(response.map(|body| ServerBody::new(body, in_flight)));
    }
    if request.extensions().is_empty() {
        *request.extensions_mut() = state.spare().unwrap_or_else(roomy);
    }
    if request.body().size_hint().exact().is_none() {
        request.extensions_mut().insert(RequestBytes::new());
    }
    let mut switching = false;
    if request.extensions().get::<OnUpgrade>().is_some() {
        switching = wants_tunnel(&request);
        // A tunnel outlives its answer, and is not to look idle, nor to be forgotten by a drain.
        let tunnel = WhileOpen::new(Arc::clone(state).begin());
        request.extensions_mut().insert(tunnel);
    }
    let sends = request.version() < Version::HTTP_2 && !request.body().is_end_stream();
    introduce(state.client(), request.extensions_mut());
    if state.interims().is_some() && request.version() == Version::HTTP_11 {
        request.extensions_mut().insert(interim(state));
    }
    if state.has_given_up() {
        // A stream that is reset together with its head is found out now, before an upstream is asked:
        // a flood of them would be one of connections there.
        tokio::task::yield_now().await;
    }
    let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
    let mut answer = pin!(service.call(request));
    let Ok(mut response) = poll_fn(|cx| {
        if let Some(interims) = state.interims() {
            interims.wake(cx.waker());
        }
        answer.as_mut().poll(cx)
    })
    .await;
    if let Some(interims) = state.interims() {
        interims.close();
    }
    if sends && !response.status().is_success() {
        // Whoever refused has left the body unread, perhaps. hyper finds that out now, before the
        // head is written, which then says that the connection closes. A client that was not told
        // would send its next request on it, and lose that.
        tokio::task::yield_now().await;
    }
    if switching && response.extensions().get::<TunnelEnd>().is_none() {
        // A client that did not wait has sent what is not HTTP, or what somebody else has it send.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if response.extensions().get::<ReasonPhrase>().is_none() {
        state.keep(std::mem::take(response.extensions_mut()));
    }
    debug_assert!(
        response.status() != http::StatusCode::SWITCHING_PROTOCOLS
            || response.body().is_end_stream()
    );
    Ok(response.map(|body| ServerBody::new(body, in_flight)))
}

/// Whether bytes that follow the request may be meant for a tunnel. Behind an offer of `h2c` they are
/// more HTTP/1.1, as long as it is not taken up.
fn wants_tunnel(request: &Request) -> bool {
    let h2c = request.headers().get(header::UPGRADE);
    request.version() == Version::HTTP_11 && h2c.is_none_or(|protocol| protocol != "h2c")
}

/// RFC 9110 §15.2: clients of HTTP/1.0 do not know them.
fn interim(state: &Arc<State>) -> Interim {
    if let Some(interims) = state.interims() {
        interims.begin();
    }
    let state = Arc::clone(state);
    Interim::new(move |status, headers| {
        if let Some(interims) = state.interims() {
            interims.push(status, headers);
        }
    })
}

/// Tells the layers what the connection knows.
fn introduce(client: &Client, extensions: &mut Extensions) {
    if let Some(peer) = client.peer {
        extensions.insert(PeerAddr::new(peer));
    }
    if let Some(secure) = &client.tls {
        extensions.insert(Scheme::HTTPS);
        if let Some(certificate) = &secure.certificate {
            extensions.insert(certificate.clone());
        }
    }
}

const NOT_HTTP: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// Bytes that are read and thrown away so that an answer arrives.
pub(super) const LINGER_BYTES: u64 = 1 << 20;
const HYPERS_MAX_HEADERS: usize = 100;
/// Bytes of one answer that wait for an HTTP/2 client.
const SEND_BUFFER: usize = 64 << 10;
/// Resets that are tolerated before the connection is.
const RESETS: usize = 100;
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
