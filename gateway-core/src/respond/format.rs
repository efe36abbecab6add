use http::{Extensions, HeaderMap, header};

/// The shape of a refusal.
///
/// Inserted into the request extensions by a route or by the AI edge; without it
/// `application/grpc*` requests get [`Grpc`](Self::Grpc) and all others [`Problem`](Self::Problem).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFormat {
    /// RFC 9457 `application/problem+json`.
    #[default]
    Problem,
    /// Trailers-only gRPC: HTTP 200 with `grpc-status` and `grpc-message` in the head.
    Grpc,
    /// OpenAI's `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
    /// Anthropic's `{"type": "error", "error": {"type", "message"}}`.
    Anthropic,
    /// Google's `{"error": {"code", "message", "status"}}`.
    Gemini,
    /// AWS' `{"message": …}` with `x-amzn-errortype`.
    Bedrock,
}

impl ErrorFormat {
    /// The format for a request with these headers and extensions.
    #[must_use]
    pub fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        if let Some(format) = extensions.get::<Self>() {
            return *format;
        }
        match headers.get(header::CONTENT_TYPE) {
            Some(value) if value.as_bytes().starts_with(b"application/grpc") => Self::Grpc,
            _ => Self::Problem,
        }
    }
}
