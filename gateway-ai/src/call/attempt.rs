use std::{fmt, sync::Arc};

use smallvec::SmallVec;

use crate::error::{AiError, AiErrorKind};

/// A target that was asked and failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    target: Arc<str>,
    reason: Reason,
}

/// Why an attempt failed, short enough for a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The provider's status.
    Status(u16),
    /// The kind, where no status says it.
    Kind(AiErrorKind),
}

impl Reason {
    /// The reason of an error.
    #[must_use]
    pub fn of(error: &AiError) -> Self {
        match error.upstream_status() {
            Some(status) if !status.is_success() => Self::Status(status.as_u16()),
            _ => Self::Kind(error.kind()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Kind(AiErrorKind::Connect) => f.write_str("connect"),
            Self::Kind(AiErrorKind::Truncated) => f.write_str("truncated"),
            Self::Kind(AiErrorKind::Malformed) => f.write_str("malformed"),
            Self::Kind(kind) => f.write_str(kind.as_str()),
        }
    }
}

impl FailedAttempt {
    /// `target` failed with `error`.
    #[must_use]
    pub fn new(target: Arc<str>, error: &AiError) -> Self {
        Self {
            target,
            reason: Reason::of(error),
        }
    }

    /// The target, `provider/model`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Why it failed.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

/// The targets a call has been through without an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    failed: SmallVec<[FailedAttempt; 2]>,
}

impl Attempts {
    /// Notes a failure.
    pub fn push(&mut self, attempt: FailedAttempt) {
        self.failed.push(attempt);
    }

    /// Those that failed, in order.
    #[must_use]
    pub fn failed(&self) -> &[FailedAttempt] {
        &self.failed
    }
}

impl fmt::Display for Attempts {
    /// `openai/gpt-4o-mini=500, anthropic/claude-haiku-4-5=connect`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, attempt) in self.failed.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{}={}", attempt.target, attempt.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn reads_as_a_header_value() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.to_string(), "");
        for error in [
            AiError::upstream(AiErrorKind::Server, "x")
                .with_status(StatusCode::INTERNAL_SERVER_ERROR),
            AiError::upstream(AiErrorKind::Connect, "x"),
            AiError::upstream(AiErrorKind::Overloaded, "x").with_status(StatusCode::OK),
        ] {
            attempts.push(FailedAttempt::new(Arc::from("openai/a"), &error));
        }
        assert_eq!(
            attempts.to_string(),
            "openai/a=500, openai/a=connect, openai/a=overloaded"
        );
    }
}
