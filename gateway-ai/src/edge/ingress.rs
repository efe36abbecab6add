use gateway_core::ErrorFormat;
use http::{HeaderMap, Method};

use super::{
    files::{self, FilesPath},
    stored::{self, StoredPath},
};
use crate::{
    call::{Operation, PassOperation},
    dialect::Dialect,
};

/// What a path and method ask the gateway for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ingress<'a> {
    /// A call of a model.
    Call(Dialect, Operation),
    /// A Gemini call: the path names the model and says whether a stream is wanted.
    Gemini {
        /// What is asked for.
        operation: Operation,
        /// The model, as it stands in the path.
        model: &'a str,
        /// Whether a stream is wanted.
        stream: bool,
    },
    /// A Bedrock call: the same, with the model escaped to one segment.
    Converse {
        /// The model, as it stands in the path.
        model: &'a str,
        /// Whether a stream is wanted.
        stream: bool,
    },
    /// An answer or a conversation that a provider keeps.
    Stored(StoredPath<'a>),
    /// Files or batches that a provider keeps.
    Files(FilesPath<'a>),
    /// Answers over a WebSocket, if one is asked for.
    Socket,
    /// A session of the Realtime API.
    Realtime,
    /// The list of models, or one of them.
    Models(Option<&'a str>),
    /// A known path with another method than the one it has.
    WrongMethod(&'static str),
    /// Nothing.
    Unknown,
}

/// Reads a path. `/v1` may be missing: a router that nests the gateway under it strips it, and so
/// do clients whose base URL lacks it.
pub(super) fn of<'a>(method: &Method, path: &'a str) -> Ingress<'a> {
    if let Some((model, operation, stream)) = gemini(path) {
        return if method == Method::POST {
            Ingress::Gemini {
                operation,
                model,
                stream,
            }
        } else {
            Ingress::WrongMethod("POST")
        };
    }
    if let Some((model, call)) = path
        .strip_prefix("/model/")
        .and_then(|rest| rest.rsplit_once('/'))
    {
        let stream = match call {
            "converse" => false,
            "converse-stream" => true,
            _ => return Ingress::Unknown,
        };
        return if method == Method::POST {
            Ingress::Converse { model, stream }
        } else {
            Ingress::WrongMethod("POST")
        };
    }
    let path = match path.strip_prefix("/v1beta") {
        Some(rest) if rest == "/models" || rest.starts_with("/models/") => rest,
        _ => path,
    };
    let path = path
        .strip_prefix("/v1")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path);
    let path = if path.len() > 1 {
        path.trim_end_matches('/')
    } else {
        path
    };
    if path == "/models" || path.starts_with("/models/") {
        return models(method, path);
    }
    if path == "/realtime" && method == Method::GET {
        return Ingress::Realtime;
    }
    let Some((dialect, operation)) = call(path) else {
        let kept = stored::of(method, path)
            .map(|stored| stored.map(Ingress::Stored))
            .or_else(|| files::of(method, path).map(|files| files.map(Ingress::Files)));
        return kept.map_or(Ingress::Unknown, |kept| {
            kept.unwrap_or_else(Ingress::WrongMethod)
        });
    };
    match *method {
        Method::POST => Ingress::Call(dialect, operation),
        Method::GET if path == "/responses" => Ingress::Socket,
        _ => Ingress::WrongMethod("POST"),
    }
}

fn models<'a>(method: &Method, path: &'a str) -> Ingress<'a> {
    if method == Method::GET || method == Method::HEAD {
        Ingress::Models(path.strip_prefix("/models/"))
    } else {
        Ingress::WrongMethod("GET, HEAD")
    }
}

/// Model and method of a Gemini path: `/v1beta/models/{model}:{method}`, its `/v1`, and Vertex AI's
/// `/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{method}`.
fn gemini(path: &str) -> Option<(&str, Operation, bool)> {
    let colon = memchr::memrchr(b':', path.as_bytes())?;
    let (path, method) = (&path[..colon], &path[colon + 1..]);
    let (operation, stream) = match method {
        "generateContent" => (Operation::Chat, false),
        "streamGenerateContent" => (Operation::Chat, true),
        "countTokens" => (Operation::CountTokens, false),
        "embedContent" => (Operation::Pass(PassOperation::Embeddings), false),
        "batchEmbedContents" => (Operation::Pass(PassOperation::BatchEmbeddings), false),
        _ => return None,
    };
    let version = ["/v1beta1/", "/v1beta/", "/v1/"];
    let rest = version.iter().find_map(|v| path.strip_prefix(v))?;
    let model = match rest.strip_prefix("projects/") {
        Some(vertex) => vertex.split_once("/models/")?.1,
        None => rest.strip_prefix("models/")?,
    };
    Some((model, operation, stream))
}

fn call(path: &str) -> Option<(Dialect, Operation)> {
    match path {
        "/chat/completions" => Some((Dialect::Chat, Operation::Chat)),
        "/responses" => Some((Dialect::Responses, Operation::Chat)),
        "/messages" => Some((Dialect::Messages, Operation::Chat)),
        "/messages/count_tokens" => Some((Dialect::Messages, Operation::CountTokens)),
        _ => PassOperation::ALL
            .into_iter()
            .find(|operation| operation.path() == path)
            .map(|operation| (operation.dialect(), Operation::Pass(operation))),
    }
}

/// The shape of errors on this path; `None` where no dialect claims it.
///
/// [`AiFormatLayer`](super::AiFormatLayer) asks it for the requests of a route. A router can be given
/// it for those that never get to one, since their path is malformed.
#[must_use]
pub fn error_format(path: &str, headers: &HeaderMap) -> Option<ErrorFormat> {
    let rest = path
        .strip_prefix("/v1")
        .filter(|rest| rest.starts_with('/'));
    let below = rest.unwrap_or(path);
    if below == "/messages" || below.starts_with("/messages/") {
        return Some(ErrorFormat::Anthropic);
    }
    if path.starts_with("/v1beta/") || gemini(path).is_some() {
        return Some(ErrorFormat::Gemini);
    }
    if path.starts_with("/model/") {
        return Some(ErrorFormat::Bedrock);
    }
    if call(below).is_some() {
        return Some(ErrorFormat::OpenAi);
    }
    // Paths that both APIs have, or neither: the client says what it is by a header all Anthropic
    // clients send.
    let shared = rest.is_some() || below.starts_with("/models");
    if headers.contains_key("anthropic-version") {
        return Some(ErrorFormat::Anthropic);
    }
    shared.then_some(ErrorFormat::OpenAi)
}

/// The shape of errors for clients of a dialect.
pub(super) const fn format_of(dialect: Dialect) -> ErrorFormat {
    match dialect {
        Dialect::Chat | Dialect::Responses => ErrorFormat::OpenAi,
        Dialect::Messages => ErrorFormat::Anthropic,
        Dialect::Gemini => ErrorFormat::Gemini,
        Dialect::Converse => ErrorFormat::Bedrock,
    }
}

#[cfg(test)]
mod tests;
