//! One request: fault, key, reading, answer.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http::request::Parts;
use serde_json::Value;
use serde_json::json;

use super::brain;
use super::embed;
use super::server::ModelServer;
use super::wire;
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

type Server = State<ModelServer>;

pub(super) async fn chat(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = Dialect::Chat;
    Call {
        server: server.0,
        dialect,
        parts,
        body,
    }
    .generate("", false)
    .await
}

pub(super) async fn messages(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = Dialect::Messages;
    Call {
        server: server.0,
        dialect,
        parts,
        body,
    }
    .generate("", false)
    .await
}

pub(super) async fn responses(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = Dialect::Responses;
    Call {
        server: server.0,
        dialect,
        parts,
        body,
    }
    .generate("", false)
    .await
}

/// `{model}:{verb}` is one path segment, which axum cannot split.
pub(super) async fn gemini(
    server: Server,
    parts: Parts,
    Path(target): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let sse = parts
        .uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    let dialect = Dialect::Gemini { sse };
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body,
    };
    match target.rsplit_once(':') {
        Some((model, "generateContent")) => call.generate(model, false).await,
        Some((model, "streamGenerateContent")) => call.generate(model, true).await,
        Some((model, "countTokens")) => {
            let read = |incoming: &Incoming<'_>| {
                let tokens = dialect.read(incoming)?.prompt_tokens();
                Ok(json!({ "totalTokens": tokens }))
            };
            call.document(model, read).await
        }
        Some((_, "embedContent")) => call.document("", embed::gemini).await,
        _ => call.document("", |_| Err(Refusal::no_route())).await,
    }
}

pub(super) async fn converse(
    server: Server,
    parts: Parts,
    Path(model): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let dialect = Dialect::Bedrock;
    Call {
        server: server.0,
        dialect,
        parts,
        body,
    }
    .generate(&model, false)
    .await
}

pub(super) async fn converse_stream(
    server: Server,
    parts: Parts,
    Path(model): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let dialect = Dialect::Bedrock;
    Call {
        server: server.0,
        dialect,
        parts,
        body,
    }
    .generate(&model, true)
    .await
}

pub(super) async fn count_tokens(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = Dialect::Messages;
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body,
    };
    let count = |incoming: &Incoming<'_>| {
        Ok(json!({ "input_tokens": wire::count_messages(incoming)?.prompt_tokens() }))
    };
    call.document("", count).await
}

pub(super) async fn embeddings(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = Dialect::Chat;
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body,
    };
    call.document("", embed::openai).await
}

pub(super) async fn models(server: Server, parts: Parts) -> Response<Body> {
    let anthropic = parts.headers.contains_key("anthropic-version");
    let dialect = if anthropic {
        Dialect::Messages
    } else {
        Dialect::Chat
    };
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body: Bytes::new(),
    };
    call.document("", |_| Ok(wire::models(anthropic))).await
}

pub(super) async fn model(
    server: Server,
    Path(name): Path<String>,
    parts: Parts,
) -> Response<Body> {
    let anthropic = parts.headers.contains_key("anthropic-version");
    let dialect = if anthropic {
        Dialect::Messages
    } else {
        Dialect::Chat
    };
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body: Bytes::new(),
    };
    call.document(&name, |incoming| Ok(wire::model(incoming.model, anthropic)))
        .await
}

/// A request of one dialect, before it is looked at.
struct Call {
    server: ModelServer,
    dialect: Dialect,
    parts: Parts,
    body: Bytes,
}

impl Call {
    /// Answers a call that generates. Where the dialect keeps model and mode in the path, they are
    /// given.
    async fn generate(self, model: &str, stream: bool) -> Response<Body> {
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
    async fn document(
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
    async fn admit(&self) -> Result<(Ticket, Fault), Response<Body>> {
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

    fn refuse(&self, refusal: &Refusal, ticket: Ticket) -> Response<Body> {
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

const MISSING: &str = "missing-";
const MOST_CANDIDATES: u64 = 8;
const HTML: &str = "<!doctype html><html><body><h1>It works!</h1></body></html>\n";
