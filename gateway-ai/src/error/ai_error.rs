use std::{fmt, time::Duration};

use compact_str::CompactString;
use http::StatusCode;

use super::{AiErrorKind, ErrorClass, scrub};

/// A failed model call.
///
/// One pointer wide: it travels in every `Result` and in [`Event`](crate::canonical::Event).
#[derive(Clone, PartialEq, Eq)]
pub struct AiError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: AiErrorKind,
    origin: Origin,
    class: Option<ErrorClass>,
    status: Option<StatusCode>,
    message: String,
    code: Option<CompactString>,
    upstream_type: Option<CompactString>,
    param: Option<CompactString>,
    request_id: Option<CompactString>,
    retry_after: Option<Duration>,
}

/// Who found the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The gateway, judging the client's request.
    Gateway,
    /// The upstream; its refusal of a key is then about the gateway's key, not the client's.
    Upstream,
}

impl AiError {
    /// A fault the gateway found.
    #[must_use]
    pub fn new(kind: AiErrorKind, message: impl Into<String>) -> Self {
        Self::build(kind, Origin::Gateway, message.into())
    }

    /// A fault the upstream reported or caused. The message is scrubbed of what looks like a secret;
    /// one that says nothing is replaced, since clients show it to a person.
    #[must_use]
    pub fn upstream(kind: AiErrorKind, message: impl AsRef<str>) -> Self {
        let message = match message.as_ref().trim() {
            "" => "the provider reported an error".to_owned(),
            _ => scrub(message.as_ref()),
        };
        Self::build(kind, Origin::Upstream, message)
    }

    fn build(kind: AiErrorKind, origin: Origin, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            origin,
            class: None,
            status: None,
            message,
            code: None,
            upstream_type: None,
            param: None,
            request_id: None,
            retry_after: None,
        }))
    }

    /// A request the gateway cannot accept.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(AiErrorKind::InvalidRequest, message)
    }

    /// Names the upstream's status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Names the machine-readable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<CompactString>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Names the upstream's own error type.
    #[must_use]
    pub fn with_type(mut self, upstream_type: impl Into<CompactString>) -> Self {
        self.0.upstream_type = Some(upstream_type.into());
        self
    }

    /// Names the parameter at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<CompactString>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Names the upstream's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<CompactString>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Says when asking again makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Overrides what routing does about it. Defaults to the kind's own class.
    #[must_use]
    pub fn with_class(mut self, class: ErrorClass) -> Self {
        self.0.class = Some(class);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> AiErrorKind {
        self.0.kind
    }

    /// What routing does about it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        self.0.class.unwrap_or_else(|| self.0.kind.class())
    }

    /// Who found the fault.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// The upstream's status, if it answered.
    #[must_use]
    pub fn upstream_status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The message, free of secrets.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The machine-readable code, as the upstream spelled it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The upstream's own error type.
    #[must_use]
    pub fn upstream_type(&self) -> Option<&str> {
        self.0.upstream_type.as_deref()
    }

    /// The parameter at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The upstream's request id.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// When asking again makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the upstream refused the gateway's own credentials or account: nothing the client
    /// could mend, and nothing it should read about.
    #[must_use]
    pub fn is_gateway_credential(&self) -> bool {
        self.0.origin == Origin::Upstream
            && matches!(
                self.0.kind,
                AiErrorKind::Authentication | AiErrorKind::Permission | AiErrorKind::QuotaExhausted
            )
    }

    /// The status the client gets. Dialects may refine it: Anthropic says 529 for overload.
    #[must_use]
    pub fn client_status(&self) -> StatusCode {
        if self.is_gateway_credential() {
            return match self.0.kind {
                AiErrorKind::QuotaExhausted => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_GATEWAY,
            };
        }
        match self.0.kind {
            AiErrorKind::InvalidRequest
            | AiErrorKind::Lossy
            | AiErrorKind::ContextTooLong
            | AiErrorKind::ContentPolicy
            | AiErrorKind::Unsupported => StatusCode::BAD_REQUEST,
            AiErrorKind::Authentication => StatusCode::UNAUTHORIZED,
            AiErrorKind::Permission => StatusCode::FORBIDDEN,
            AiErrorKind::QuotaExhausted | AiErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            AiErrorKind::NotFound => StatusCode::NOT_FOUND,
            AiErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            AiErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            AiErrorKind::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            AiErrorKind::Server => match self.0.status {
                Some(status) if status.is_server_error() => status,
                _ => StatusCode::BAD_GATEWAY,
            },
            AiErrorKind::Connect | AiErrorKind::Truncated | AiErrorKind::Malformed => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// The message the client gets: the upstream's own words, unless they are about the gateway's
    /// key or account.
    #[must_use]
    pub fn client_message(&self) -> &str {
        if self.is_gateway_credential() {
            "the gateway's credentials for this provider were refused"
        } else {
            &self.0.message
        }
    }
}

impl fmt::Debug for AiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.as_str(), self.0.message)
    }
}

impl std::error::Error for AiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_dead_key_is_not_the_clients() {
        let theirs = AiError::upstream(AiErrorKind::Authentication, "Incorrect API key: sk-abc");
        assert_eq!(theirs.class(), ErrorClass::AuthDeadKey);
        assert_eq!(theirs.client_status(), StatusCode::BAD_GATEWAY);
        assert!(!theirs.client_message().contains("API key:"));
        let ours = AiError::new(AiErrorKind::Authentication, "missing key");
        assert_eq!(ours.client_status(), StatusCode::UNAUTHORIZED);
        assert_eq!(ours.client_message(), "missing key");
    }

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<AiError>(), size_of::<usize>());
    }
}
