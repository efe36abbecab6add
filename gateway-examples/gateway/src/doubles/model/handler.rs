//! The endpoints: which dialect, and what is asked of it.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::json;

use super::call::Call;
use super::embed;
use super::server::ModelServer;
use super::wire;
use super::wire::Dialect;
use super::wire::Incoming;
use super::wire::Refusal;

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
                let whole = &incoming.body["generateContentRequest"];
                let body = if whole.is_object() {
                    whole
                } else {
                    incoming.body
                };
                let tokens = dialect
                    .read(&Incoming { body, ..*incoming })?
                    .prompt_tokens();
                Ok(json!({ "totalTokens": tokens }))
            };
            call.document(model, read).await
        }
        Some((_, "embedContent")) => call.document("", embed::gemini).await,
        Some((_, "batchEmbedContents")) => call.document("", embed::gemini_batch).await,
        _ => call.document("", |_| Err(Refusal::no_route())).await,
    }
}

/// `{model}/{operation}`, where a stream is an operation of its own.
pub(super) async fn bedrock(
    server: Server,
    parts: Parts,
    Path((model, operation)): Path<(String, String)>,
    body: Bytes,
) -> Response<Body> {
    let (dialect, stream) = match operation.as_str() {
        "converse" => (Dialect::Bedrock, false),
        "converse-stream" => (Dialect::Bedrock, true),
        "invoke" => (Dialect::Invoked, false),
        "invoke-with-response-stream" => (Dialect::Invoked, true),
        _ => return unknown(server, parts, body).await,
    };
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body,
    };
    call.generate(&model, stream).await
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

/// A path that no dialect has, refused as the dialect would that it looks like.
pub(super) async fn unknown(server: Server, parts: Parts, body: Bytes) -> Response<Body> {
    let dialect = match parts.uri.path() {
        path if path.starts_with("/v1/messages") => Dialect::Messages,
        path if path.starts_with("/v1beta/") => Dialect::Gemini { sse: false },
        path if path.starts_with("/model/") => Dialect::Bedrock,
        _ => Dialect::Chat,
    };
    let call = Call {
        server: server.0,
        dialect,
        parts,
        body,
    };
    call.document("", |_| Err(Refusal::no_route())).await
}
