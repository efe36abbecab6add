//! Faults and counters around the routes of a double that only answers HTTP.
//!
//! The mock model needs more, for its faults speak its dialects; it does the same by itself.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http_body::Frame;
use http_body::SizeHint;

use super::fault;
use super::fault::Effect;
use super::fault::Fault;
use super::fault::FaultError;
use super::fault::Faults;
use super::playback::Playback;
use super::playback::hung_up;
use super::playback::stage_whole;
use super::stats;
use super::stats::Captured;
use super::stats::Stats;
use super::stats::Ticket;

/// Puts `routes` behind a gate and adds the routes that control it.
pub(super) fn gated(routes: Router, faults: Faults, stats: Stats) -> Router {
    let gate = Gate {
        faults: faults.clone(),
        stats: stats.clone(),
    };
    routes
        .layer(middleware::from_fn_with_state(gate, pass))
        .merge(fault::routes(faults))
        .merge(stats::routes(stats))
}

#[derive(Clone)]
struct Gate {
    faults: Faults,
    stats: Stats,
}

/// Counts the request and commits its fault. The body is not looked at: it may be endless.
async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut ticket = gate.stats.begin(Captured::new(&parts, &Bytes::new()));
    let picked = match parts.headers.get(fault::HEADER) {
        Some(text) => text.to_str().unwrap_or_default().parse().map(Some),
        None => Ok(gate.faults.pick(parts.uri.path())),
    };
    let request = Request::from_parts(parts, body);
    match picked {
        Ok(None) => counted(next.run(request).await, ticket),
        Ok(Some(fault)) => {
            ticket.fault();
            tokio::time::sleep(fault.latency.unwrap_or(Duration::ZERO)).await;
            commit(&fault, request, next, ticket).await
        }
        Err(error) => refuse(&error, ticket),
    }
}

fn refuse(error: &FaultError, ticket: Ticket) -> Response {
    let why = format!("{}: {error}\n", fault::HEADER);
    counted((StatusCode::BAD_REQUEST, why).into_response(), ticket)
}

async fn commit(fault: &Fault, request: Request, next: Next, mut ticket: Ticket) -> Response {
    match fault.effect {
        Some(Effect::Hangup) => {
            ticket.finish();
            hung_up()
        }
        Some(Effect::Status { code, retry_after }) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = (status, format!("fault: {fault}\n")).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            counted(response, ticket)
        }
        Some(Effect::ErrorEventAfterChunks(_)) => {
            counted(StatusCode::INTERNAL_SERVER_ERROR.into_response(), ticket)
        }
        Some(Effect::Html) => {
            let mut response = HTML.into_response();
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, html);
            counted(response, ticket)
        }
        None if fault.slow_first_token.is_none() => counted(next.run(request).await, ticket),
        _ => spoiled(fault, next.run(request).await, ticket).await,
    }
}

/// Replays the answer with the fault in its body.
async fn spoiled(fault: &Fault, response: Response, ticket: Ticket) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(document) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return counted(StatusCode::INTERNAL_SERVER_ERROR.into_response(), ticket);
    };
    parts.headers.remove(CONTENT_LENGTH);
    let announced = match fault.effect {
        Some(Effect::EmptyStream) => 0,
        Some(Effect::MalformedSse) => document.len() / 2,
        _ => document.len(),
    };
    let body = Playback::whole(stage_whole(document, 0, fault), announced, ticket);
    Response::from_parts(parts, Body::new(body))
}

/// Counts an answer to its end. One that switches protocols ends here; a tunnel is no answer.
fn counted(response: Response, mut ticket: Ticket) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        ticket.finish();
        return response;
    }
    response.map(|inner| {
        if http_body::Body::is_end_stream(&inner) {
            ticket.finish();
        }
        Body::new(Counted { inner, ticket })
    })
}

struct Counted {
    inner: Body,
    ticket: Ticket,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            this.ticket.sent(frame.data_ref().map_or(0, Bytes::len), 0);
        }
        if frame.is_none() || this.inner.is_end_stream() {
            this.ticket.finish();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

const BODY_LIMIT: usize = 16 * 1024 * 1024;
const HTML: &str = "<!doctype html><html><body><h1>It works!</h1></body></html>\n";
