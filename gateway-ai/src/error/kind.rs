/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AiErrorKind {
    /// The request is not understood or not acceptable.
    InvalidRequest,
    /// The translation would lose something and the client asked for none of that.
    Lossy,
    /// The key is missing, unknown or expired.
    Authentication,
    /// The key may not do this.
    Permission,
    /// The account cannot pay or its quota is used up: waiting does not help.
    QuotaExhausted,
    /// The model or resource does not exist.
    NotFound,
    /// The body is too large.
    TooLarge,
    /// The conversation is longer than the model's context.
    ContextTooLong,
    /// A content filter refused the input or the output.
    ContentPolicy,
    /// Too many requests or tokens for now.
    RateLimited,
    /// No answer in time.
    Timeout,
    /// The provider is overloaded.
    Overloaded,
    /// The provider failed.
    Server,
    /// The provider could not be reached.
    Connect,
    /// The stream ended before the answer did.
    Truncated,
    /// The provider's bytes make no sense in its dialect.
    Malformed,
    /// The gateway does not support this.
    Unsupported,
}

/// What routing does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The same target may answer if asked again.
    RetrySame,
    /// Another target may answer; this one will not soon.
    RetryOther,
    /// A model with a larger context may answer.
    ContextTooLong,
    /// A model with another policy may answer.
    ContentPolicy,
    /// Another key or account may answer; this one is used up.
    QuotaExhausted,
    /// Another key may answer; this one is dead.
    AuthDeadKey,
    /// The request itself is at fault: no target will answer.
    ClientFault,
}

impl AiErrorKind {
    /// What routing does about it.
    #[must_use]
    pub const fn class(self) -> ErrorClass {
        match self {
            Self::InvalidRequest | Self::Lossy | Self::TooLarge | Self::Unsupported => {
                ErrorClass::ClientFault
            }
            Self::Authentication | Self::Permission => ErrorClass::AuthDeadKey,
            Self::QuotaExhausted => ErrorClass::QuotaExhausted,
            Self::ContextTooLong => ErrorClass::ContextTooLong,
            Self::ContentPolicy => ErrorClass::ContentPolicy,
            Self::NotFound | Self::Malformed => ErrorClass::RetryOther,
            Self::RateLimited
            | Self::Timeout
            | Self::Overloaded
            | Self::Server
            | Self::Connect
            | Self::Truncated => ErrorClass::RetrySame,
        }
    }

    /// The stable name, as used in logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Lossy => "lossy_translation",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::QuotaExhausted => "insufficient_quota",
            Self::NotFound => "not_found",
            Self::TooLarge => "request_too_large",
            Self::ContextTooLong => "context_length_exceeded",
            Self::ContentPolicy => "content_policy_violation",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Timeout => "timeout",
            Self::Overloaded => "overloaded",
            Self::Server => "upstream_error",
            Self::Connect => "upstream_connect",
            Self::Truncated => "upstream_truncated",
            Self::Malformed => "upstream_malformed",
            Self::Unsupported => "unsupported",
        }
    }
}
