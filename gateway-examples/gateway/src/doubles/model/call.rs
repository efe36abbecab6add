//! One request: fault, key, reading, answer.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http::request::Parts;
use serde_json::Value;

use super::brain;
use super::server::ModelServer;
use super::wire::Dialect;
use super::wire::Incoming;
use super::wire::Refusal;
use crate::doubles::fault;
use crate::doubles::fault::Effect;
use crate::doubles::fault::Fault;
use crate::doubles::playback::Playback;
use crate::doubles::playback::hung_up;
use crate::doubles::playback::stage;
use crate::doubles::playback::stage_whole;
use crate::doubles::stats::CallRecord;
use crate::doubles::stats::Captured;
use crate::doubles::stats::Ticket;

/// A request of one dialect, before it is looked at.
pub(super) struct Call {
    pub(super) server: ModelServer,
    pub(super) dialect: Dialect,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

impl Call {
    /// Answers a call that generates. Where the dialect keeps model and mode in the path, they are
    /// given.
    pub(super) async fn generate(self, model: &str, stream: bool) -> Response<Body> {
        let (mut ticket, fault) = match self.admit().await {
            Ok(admitted) => admitted,
            Err(response) => return response,
        };
        let ask = match self.read(model, stream, |incoming| self.dialect.read(incoming)) {
            Ok(ask) => ask,
            Err(refusal) => return self.refuse(&refusal, ticket),
        };
        if !ask.stream && matches!(fault.effect, Some(Effect::ErrorEventAfterChunks(_))) {
            return self.refuse(
                &Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR),
                ticket,
            );
        }
        let candidates = ask.candidates.clamp(1, MOST_CANDIDATES);
        let answers: Vec<_> = (0..candidates)
            .map(|nth| brain::answer(&ask, nth))
            .collect();
        ticket.call(CallRecord {
            path: self.parts.uri.path().to_owned(),
            model: ask.model.clone(),
            stream: ask.stream,
            prompt_tokens: ask.prompt_tokens(),
            proofs: ask.proofs(),
            ..CallRecord::default()
        });
        if ask.stream {
            let script = self.dialect.stream(&ask, &answers);
            let cues = stage(script, self.server.chunk_pace(), &fault);
            let body = Body::new(Playback::stream(cues, ticket));
            return respond(StatusCode::OK, self.dialect.stream_type(), body);
        }
        let document = Bytes::from(self.dialect.whole(&ask, &answers).to_string());
        let tokens = answers.iter().map(|answer| answer.completion_tokens).sum();
        whole(StatusCode::OK, document, tokens, &fault, ticket)
    }

    /// Answers a call that is no generation with one document.
    pub(super) async fn document(
        self,
        model: &str,
        make: impl FnOnce(&Incoming<'_>) -> Result<Value, Refusal>,
    ) -> Response<Body> {
        let (ticket, fault) = match self.admit().await {
            Ok(admitted) => admitted,
            Err(response) => return response,
        };
        match self.read(model, false, make) {
            Ok(value) => whole(StatusCode::OK, value.to_string().into(), 0, &fault, ticket),
            Err(refusal) => self.refuse(&refusal, ticket),
        }
    }

    /// Counts the request, commits the faults that need no answer, and checks the key.
    pub(super) async fn admit(&self) -> Result<(Ticket, Fault), Response<Body>> {
        let seen = Captured::new(&self.parts, &self.body);
        let mut ticket = self.server.stats().begin(seen);
        let fault = match self.fault() {
            Ok(Some(fault)) => fault,
            Ok(None) => {
                return match self.authorize() {
                    Ok(()) => Ok((ticket, Fault::default())),
                    Err(refusal) => Err(self.refuse(&refusal, ticket)),
                };
            }
            Err(refusal) => return Err(self.refuse(&refusal, ticket)),
        };
        ticket.fault();
        tokio::time::sleep(fault.latency.unwrap_or(Duration::ZERO)).await;
        match fault.effect {
            Some(Effect::Hangup) => {
                ticket.finish();
                Err(hung_up())
            }
            Some(Effect::Html) => {
                let page = Playback::whole(stage_whole(HTML.into(), 0, &fault), HTML.len(), ticket);
                Err(respond(
                    StatusCode::OK,
                    "text/html; charset=utf-8",
                    Body::new(page),
                ))
            }
            Some(Effect::Status { code, retry_after }) => {
                let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
                let mut response = self.refuse(&Refusal::of_status(status), ticket);
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(RETRY_AFTER, seconds.into());
                }
                Err(response)
            }
            _ => match self.authorize() {
                Ok(()) => Ok((ticket, fault)),
                Err(refusal) => Err(self.refuse(&refusal, ticket)),
            },
        }
    }

    fn fault(&self) -> Result<Option<Fault>, Refusal> {
        let Some(text) = self.parts.headers.get(fault::HEADER) else {
            return Ok(self.server.faults().pick(self.parts.uri.path()));
        };
        let text = text.to_str().unwrap_or_default();
        text.parse().map(Some).map_err(|error: fault::FaultError| {
            Refusal::invalid(format!("{}: {error}", fault::HEADER), None)
        })
    }

    fn authorize(&self) -> Result<(), Refusal> {
        match self.server.expected_key() {
            Some(key)
                if !self
                    .dialect
                    .presents(key, &self.parts.headers, &self.parts.uri) =>
            {
                Err(Refusal::of_status(self.dialect.unauthorized()))
            }
            _ => Ok(()),
        }
    }

    fn read<T>(
        &self,
        model: &str,
        stream: bool,
        read: impl FnOnce(&Incoming<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let body: Value = match self.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&self.body).map_err(|error| {
                Refusal::invalid(format!("the body is not valid JSON: {error}"), None)
            })?,
        };
        let named = if model.is_empty() {
            body["model"].as_str().unwrap_or(model)
        } else {
            model
        };
        if named.starts_with(MISSING) {
            return Err(Refusal::no_model(named));
        }
        read(&Incoming {
            body: &body,
            headers: &self.parts.headers,
            model: named,
            stream,
        })
    }

    pub(super) fn refuse(&self, refusal: &Refusal, ticket: Ticket) -> Response<Body> {
        let document = Bytes::from(self.dialect.refusal(refusal).to_string());
        let mut response = whole(refusal.status, document, 0, &Fault::default(), ticket);
        if let Some((name, value)) = self.dialect.refusal_header(refusal) {
            let name = HeaderName::from_static(name);
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

fn whole(
    status: StatusCode,
    document: Bytes,
    tokens: u64,
    fault: &Fault,
    ticket: Ticket,
) -> Response<Body> {
    let announced = match fault.effect {
        // These documents end where they say they do; the others are longer than what comes.
        Some(Effect::EmptyStream) => 0,
        Some(Effect::MalformedSse) => document.len() / 2,
        _ => document.len(),
    };
    let body = Playback::whole(stage_whole(document, tokens, fault), announced, ticket);
    respond(status, "application/json", Body::new(body))
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// How models are named that do not exist.
pub(super) const MISSING: &str = "missing-";
const MOST_CANDIDATES: u64 = 8;
const HTML: &str = "<!doctype html><html><body><h1>It works!</h1></body></html>\n";
