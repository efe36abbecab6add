//! What is translated and no conversation: counting tokens, and vectors.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};

use super::{
    Quirks, bedrock,
    routes::{Platform, Routes},
    vertex,
};
use crate::{
    call::{AiCall, Operation, PassOperation, Whole, Wire},
    dialect::{Dialect, Url},
    embed::{self, Format},
    error::AiError,
    loss::Losses,
};

/// How an answer is read and written, where neither its bytes pass nor it is a conversation.
#[derive(Debug)]
pub(super) enum Exotic {
    /// A number of tokens, for a client of this dialect.
    Count(Dialect),
    /// Vectors.
    Embedding {
        /// As the provider writes them.
        from: Format,
        /// As the client reads them.
        to: Format,
        /// What was asked.
        request: Box<embed::Request>,
        /// Who is asked.
        model: Box<str>,
    },
}

/// The operation of the provider that has this call answered.
pub(super) fn operation(call: &AiCall, dialect: Dialect) -> Operation {
    match call.operation() {
        // One text is a batch of one, so that there is one way of asking.
        Operation::Pass(operation) if operation.is_embedding() && call.dialect() != dialect => {
            Operation::Pass(PassOperation::BatchEmbeddings)
        }
        same => same,
    }
}

impl Exotic {
    /// The body of a call that is no conversation, where it does not pass as it is.
    ///
    /// # Errors
    ///
    /// A client fault where the body makes no sense or cannot be said in the provider's dialect.
    pub(super) fn of(
        call: &AiCall,
        to: &Routes,
        quirks: &Quirks,
        model: &str,
    ) -> Result<Option<(Option<Self>, Bytes, Losses)>, AiError> {
        let sent = call.wire().filter(|_| call.operation() != Operation::Chat);
        let Some(sent) = sent.map(Wire::bytes) else {
            return Ok(None);
        };
        let same = call.dialect() == to.dialect;
        match (call.operation(), to.platform) {
            (Operation::CountTokens, Platform::Invoke) if same => {
                let body = bedrock::count_messages(sent, call.headers());
                let body = body.ok_or_else(|| AiError::invalid("the body is not an object"))?;
                let exotic = Self::Count(call.dialect());
                Ok(Some((Some(exotic), body, Losses::new())))
            }
            (Operation::CountTokens, Platform::Vertex) if same && to.dialect == Dialect::Gemini => {
                let body = vertex::count(object(&unwrapped(sent))?).to_string();
                Ok(Some((None, body.into(), Losses::new())))
            }
            (_, Platform::Own) if same && to.dialect == Dialect::Gemini => {
                Ok(Some((None, named(sent, model)?, Losses::new())))
            }
            (Operation::CountTokens, _) if !same => {
                let (body, losses) = count(call, sent, to, quirks, model)?;
                Ok(Some((Some(Self::Count(call.dialect())), body, losses)))
            }
            (Operation::Pass(operation), platform)
                if operation.is_embedding() && !(same && platform.has_own_vectors()) =>
            {
                let (from, to) = (provided(to, model), asked(call, operation));
                let request = to.parse_request(sent)?;
                let (body, losses) = from.print_request(&request, model)?;
                let exotic = Self::Embedding {
                    from,
                    to,
                    request: Box::new(request),
                    model: model.into(),
                };
                Ok(Some((Some(exotic), body.to_string().into(), losses)))
            }
            _ => Ok(None),
        }
    }

    /// The provider's answer for the client; `None` where it is none.
    pub(super) fn answer(&self, bytes: &[u8]) -> Option<Whole> {
        match self {
            Self::Count(dialect) => {
                let answer: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
                let tokens = ["input_tokens", "totalTokens", "inputTokens"]
                    .iter()
                    .find_map(|name| answer.get(*name)?.as_u64())?;
                let answer = match dialect {
                    Dialect::Gemini => json!({ "totalTokens": tokens }),
                    _ => json!({ "input_tokens": tokens }),
                };
                Some(Whole::made(answer.to_string(), None))
            }
            Self::Embedding {
                from,
                to,
                request,
                model,
            } => {
                let mut reply = from.parse_reply(bytes)?;
                reply.count(request);
                let text = to.print_reply(&reply, request, model);
                Some(Whole::made(text, reply.usage))
            }
        }
    }
}

/// The format in which a provider embeds.
fn provided(wire: &Routes, model: &str) -> Format {
    match wire.dialect {
        _ if wire.platform == Platform::Watsonx => Format::Watsonx,
        Dialect::Gemini if wire.platform == Platform::Own => Format::GeminiBatch,
        Dialect::Gemini if vertex::embeds_content(model) => Format::VertexContent,
        Dialect::Gemini => Format::VertexPredict,
        Dialect::Converse if model.contains("cohere.") => Format::Cohere,
        Dialect::Converse => Format::Titan,
        _ => Format::OpenAi,
    }
}

/// The format in which a client asks.
fn asked(call: &AiCall, operation: PassOperation) -> Format {
    match (call.dialect(), operation) {
        (Dialect::Gemini, PassOperation::Embeddings) => Format::Gemini,
        (Dialect::Gemini, _) => Format::GeminiBatch,
        _ => Format::OpenAi,
    }
}

/// A body of Gemini's with the model's name wherever it stands beside the URL's: both must agree.
fn named(bytes: &Bytes, model: &str) -> Result<Bytes, AiError> {
    let mut body: Value = serde_json::from_slice(bytes)
        .map_err(|error| AiError::invalid(format!("the body is not JSON: {error}")))?;
    if embed::rename(&mut body, model) {
        Ok(body.to_string().into())
    } else {
        Ok(bytes.clone())
    }
}

/// A conversation whose tokens another dialect's provider is to count.
fn count(
    call: &AiCall,
    bytes: &Bytes,
    to: &Routes,
    quirks: &Quirks,
    model: &str,
) -> Result<(Bytes, Losses), AiError> {
    let dialect = to.dialect;
    let target = quirks.target(dialect, model);
    let mut out = BytesMut::with_capacity(bytes.len() + 256);
    let losses = if call.dialect() == Dialect::Gemini {
        let url = Url {
            model: Some(call.model()),
            stream: Some(false),
        };
        let request = Dialect::Gemini.parse_request(&unwrapped(bytes), url)?;
        dialect.print_request(&request, &target, &mut out)?.losses
    } else {
        let request = call.request()?;
        dialect.print_request(request, &target, &mut out)?.losses
    };
    let mut printed = object(&out)?;
    let body = match dialect {
        Dialect::Gemini if to.platform == Platform::Vertex => vertex::count(printed),
        Dialect::Converse => bedrock::count_converse(printed),
        Dialect::Gemini => {
            let name = format!("models/{}", model.strip_prefix("models/").unwrap_or(model));
            printed.insert("model".to_owned(), name.into());
            json!({ "generateContentRequest": printed })
        }
        // What limits or shapes the answer is unknown to those who only count.
        _ => {
            printed.retain(|name, _| COUNTED.contains(&name.as_str()));
            Value::Object(printed)
        }
    };
    Ok((body.to_string().into(), losses))
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, AiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| AiError::invalid(format!("the body is not JSON: {error}")))
}

/// Gemini's clients may put the whole request into one field.
fn unwrapped(bytes: &Bytes) -> Bytes {
    let inner = serde_json::from_slice::<Map<String, Value>>(bytes)
        .ok()
        .and_then(|mut body| body.remove("generateContentRequest"));
    inner.map_or_else(|| bytes.clone(), |inner| inner.to_string().into())
}

/// The fields of a Messages request that its counting endpoint takes.
const COUNTED: [&str; 6] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
];
