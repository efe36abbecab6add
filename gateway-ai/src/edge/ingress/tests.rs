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
        assert_eq!(error_format(path, &none), expected, "{path}");
    }
    let mut anthropic = HeaderMap::new();
    anthropic.insert(
        "anthropic-version",
        http::HeaderValue::from_static("2023-06-01"),
    );
    assert_eq!(
        error_format("/v1/models", &anthropic),
        Some(ErrorFormat::Anthropic)
    );
}
