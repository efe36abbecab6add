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
pub(super) fn format(path: &str, headers: &HeaderMap) -> Option<ErrorFormat> {
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
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let chat = Ingress::Call(Dialect::Chat, Operation::Chat);
        let embed = Ingress::Call(Dialect::Chat, Operation::Pass(PassOperation::Embeddings));
        for (method, path, expected) in [
            (Method::POST, "/v1/chat/completions", chat),
            (Method::POST, "/v1/chat/completions/", chat),
            (Method::POST, "/chat/completions", chat),
            (
                Method::GET,
                "/v1/chat/completions",
                Ingress::WrongMethod("POST"),
            ),
            (
                Method::POST,
                "/v1/messages",
                Ingress::Call(Dialect::Messages, Operation::Chat),
            ),
            (
                Method::POST,
                "/v1/messages/count_tokens",
                Ingress::Call(Dialect::Messages, Operation::CountTokens),
            ),
            (Method::POST, "/v1/embeddings", embed),
            (
                Method::DELETE,
                "/v1/responses/resp_1",
                Ingress::Stored(StoredPath {
                    path: "/responses/resp_1",
                    id: Some("resp_1"),
                }),
            ),
            (
                Method::GET,
                "/v1/responses/resp_1/cancel",
                Ingress::WrongMethod("POST"),
            ),
            (Method::GET, "/v1/responses/re%2Fsp", Ingress::Unknown),
            (Method::GET, "/v1/responses", Ingress::Socket),
            (Method::GET, "/v1/realtime", Ingress::Realtime),
            (Method::PUT, "/responses", Ingress::WrongMethod("POST")),
            (Method::GET, "/v1/responses/..", Ingress::Unknown),
            (Method::GET, "/v1/models", Ingress::Models(None)),
            (
                Method::GET,
                "/v1/models/openai/gpt-4o",
                Ingress::Models(Some("openai/gpt-4o")),
            ),
            (
                Method::POST,
                "/v1/models",
                Ingress::WrongMethod("GET, HEAD"),
            ),
            (Method::GET, "/v1beta/models", Ingress::Models(None)),
            (Method::POST, "/v1beta/chat/completions", Ingress::Unknown),
            (Method::POST, "/v1", Ingress::Unknown),
            (Method::POST, "/v1chat/completions", Ingress::Unknown),
            (Method::POST, "/v1/v1/messages", Ingress::Unknown),
            (Method::POST, "/", Ingress::Unknown),
        ] {
            assert_eq!(of(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn paths_of_gemini() {
        for (method, path, expected) in [
            (
                Method::POST,
                "/v1beta/models/openai/gpt-4o:streamGenerateContent",
                Ingress::Gemini {
                    operation: Operation::Chat,
                    model: "openai/gpt-4o",
                    stream: true,
                },
            ),
            (
                Method::POST,
                "/v1/projects/p/locations/l/publishers/google/models/x:countTokens",
                Ingress::Gemini {
                    operation: Operation::CountTokens,
                    model: "x",
                    stream: false,
                },
            ),
            (
                Method::GET,
                "/v1beta/models/x:embedContent",
                Ingress::WrongMethod("POST"),
            ),
            (
                Method::POST,
                "/v1beta/models/x:predict",
                Ingress::WrongMethod("GET, HEAD"),
            ),
            (
                Method::POST,
                "/model/bedrock%2Fus.amazon.nova-lite-v1%3A0/converse-stream",
                Ingress::Converse {
                    model: "bedrock%2Fus.amazon.nova-lite-v1%3A0",
                    stream: true,
                },
            ),
            (
                Method::GET,
                "/model/fast/converse",
                Ingress::WrongMethod("POST"),
            ),
            (Method::POST, "/model/fast/invoke", Ingress::Unknown),
            (Method::POST, "/model/converse", Ingress::Unknown),
            (Method::GET, "/v1beta/models", Ingress::Models(None)),
            (Method::POST, "/v1beta/chat/completions", Ingress::Unknown),
            (Method::POST, "/v1", Ingress::Unknown),
            (Method::POST, "/v1chat/completions", Ingress::Unknown),
            (Method::POST, "/v1/v1/messages", Ingress::Unknown),
            (Method::POST, "/", Ingress::Unknown),
        ] {
            assert_eq!(of(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn formats() {
        let none = HeaderMap::new();
        for (path, expected) in [
            ("/v1/chat/completions", Some(ErrorFormat::OpenAi)),
            ("/v1/whatever", Some(ErrorFormat::OpenAi)),
            ("/v1/messages", Some(ErrorFormat::Anthropic)),
            ("/v1/messages/batches", Some(ErrorFormat::Anthropic)),
            (
                "/v1beta/models/x:generateContent",
                Some(ErrorFormat::Gemini),
            ),
            ("/model/x/converse", Some(ErrorFormat::Bedrock)),
            ("/summarize", None),
        ] {
            assert_eq!(format(path, &none), expected, "{path}");
        }
        let mut anthropic = HeaderMap::new();
        anthropic.insert(
            "anthropic-version",
            http::HeaderValue::from_static("2023-06-01"),
        );
        assert_eq!(
            format("/v1/models", &anthropic),
            Some(ErrorFormat::Anthropic)
        );
    }
}
