use std::{fmt, str::FromStr, time::Duration};

use smallvec::SmallVec;

use crate::error::{AiError, AiErrorKind, Origin};

/// When the next target is asked instead, and how long anything may take.
///
/// ```
/// use std::time::Duration;
/// use gateway_ai::fallback::Fallback;
///
/// let patient = Fallback::on([429]).on_5xx().first_token(Duration::from_secs(10));
/// # drop(patient);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    conditions: SmallVec<[Condition; 6]>,
    commit: Commit,
    pub(super) first_token: Option<Duration>,
    pub(super) attempt: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) total: Option<Duration>,
}

/// A reason to ask the next target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The provider could not be reached, or the connection was lost before the answer began.
    Connect,
    /// The provider answered with this status, or with an error that means it.
    Status(u16),
    /// The provider answered with a status of this hundred: `5` is any 5xx.
    Class(u8),
}

/// Up to when another target may take over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Commit {
    /// Until the first event that a reader would see: text, a tool call, an end.
    #[default]
    FirstContent,
    /// Until the first event of any sort: less is held back, less can be mended.
    FirstEvent,
}

impl Fallback {
    /// Falls back on these statuses and on nothing else.
    pub fn on(statuses: impl IntoIterator<Item = u16>) -> Self {
        Self::empty().with(statuses.into_iter().map(Condition::Status))
    }

    /// Never falls back.
    #[must_use]
    pub fn never() -> Self {
        Self::empty()
    }

    fn empty() -> Self {
        Self {
            conditions: SmallVec::new(),
            commit: Commit::FirstContent,
            first_token: Some(FIRST_TOKEN),
            attempt: None,
            idle: Some(IDLE),
            total: None,
        }
    }

    /// Falls back on these conditions too.
    #[must_use]
    pub fn with(mut self, conditions: impl IntoIterator<Item = Condition>) -> Self {
        self.conditions.extend(conditions);
        self
    }

    /// Falls back on any 5xx too.
    #[must_use]
    pub fn on_5xx(self) -> Self {
        self.with([Condition::Class(5)])
    }

    /// Falls back where a provider cannot be reached too.
    #[must_use]
    pub fn on_connect(self) -> Self {
        self.with([Condition::Connect])
    }

    /// Commits to a target at the first event a reader would see. This is the default.
    #[must_use]
    pub const fn until_first_content(self) -> Self {
        self.commit(Commit::FirstContent)
    }

    /// Sets up to when another target may take over. Defaults to the first content.
    #[must_use]
    pub const fn commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// How long a stream may take to its first token. Defaults to five minutes; exceeding it always
    /// falls back.
    #[must_use]
    pub const fn first_token(mut self, limit: Duration) -> Self {
        self.first_token = Some(limit);
        self
    }

    /// How long one target may take to an answer that is not streamed. Defaults to no limit.
    #[must_use]
    pub const fn attempt(mut self, limit: Duration) -> Self {
        self.attempt = Some(limit);
        self
    }

    /// How long a stream may be silent once it has begun. Defaults to two minutes.
    #[must_use]
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// How long all attempts together may take, to the end of a stream. Defaults to no limit but
    /// the request's own deadline.
    #[must_use]
    pub const fn total(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }

    /// Whether the first event of any sort commits.
    pub(super) fn is_eager(&self) -> bool {
        self.commit == Commit::FirstEvent
    }

    /// Whether the next target is asked after this error.
    #[must_use]
    pub fn covers(&self, error: &AiError) -> bool {
        // What the gateway found in the client's own request is the same for every target – except
        // what only this target could not express or does not offer.
        if error.origin() == Origin::Gateway {
            return matches!(error.kind(), AiErrorKind::Lossy | AiErrorKind::Unsupported);
        }
        let told = error
            .upstream_status()
            .filter(|status| !status.is_success());
        if error.kind() == AiErrorKind::Timeout && told.is_none() {
            return true;
        }
        let told = told.map(|status| status.as_u16());
        let meant = meaning(error.kind());
        self.conditions.iter().any(|condition| match *condition {
            Condition::Connect => {
                told.is_none()
                    && matches!(error.kind(), AiErrorKind::Connect | AiErrorKind::Truncated)
            }
            Condition::Status(status) => told == Some(status) || meant == Some(status),
            Condition::Class(class) => told
                .or(meant)
                .is_some_and(|status| status / 100 == u16::from(class)),
        })
    }
}

/// The status a provider would have used, had the error come in a head and not in a stream.
const fn meaning(kind: AiErrorKind) -> Option<u16> {
    match kind {
        AiErrorKind::Authentication => Some(401),
        AiErrorKind::QuotaExhausted => Some(402),
        AiErrorKind::Permission => Some(403),
        AiErrorKind::NotFound => Some(404),
        AiErrorKind::Timeout => Some(408),
        AiErrorKind::TooLarge => Some(413),
        AiErrorKind::RateLimited => Some(429),
        AiErrorKind::InvalidRequest | AiErrorKind::ContextTooLong | AiErrorKind::ContentPolicy => {
            Some(400)
        }
        AiErrorKind::Server => Some(500),
        AiErrorKind::Malformed | AiErrorKind::Truncated => Some(502),
        AiErrorKind::Overloaded => Some(503),
        AiErrorKind::Connect | AiErrorKind::Lossy | AiErrorKind::Unsupported => None,
    }
}

impl Default for Fallback {
    /// Connect failures, 401, 402, 408, 429 and 5xx.
    fn default() -> Self {
        Self::on([401, 402, 408, 429]).on_connect().on_5xx()
    }
}

impl FromStr for Condition {
    type Err = UnknownCondition;

    fn from_str(text: &str) -> Result<Self, UnknownCondition> {
        let unknown = || UnknownCondition(text.to_owned());
        if text == "connect" {
            return Ok(Self::Connect);
        }
        if let Some(class @ ("4" | "5")) = text.strip_suffix("xx") {
            return class.parse().map(Self::Class).map_err(|_| unknown());
        }
        let status: u16 = text.parse().map_err(|_| unknown())?;
        if (400..600).contains(&status) {
            Ok(Self::Status(status))
        } else {
            Err(unknown())
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition: write `connect`, a status such as 429, `4xx` or `5xx`")]
pub struct UnknownCondition(String);

/// Reasoning models think for minutes before they say anything.
const FIRST_TOKEN: Duration = Duration::from_secs(300);
const IDLE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn status(code: u16, kind: AiErrorKind) -> AiError {
        AiError::upstream(kind, "x").with_status(StatusCode::from_u16(code).unwrap())
    }

    #[test]
    fn the_default_table() {
        use AiErrorKind as K;
        let policy = Fallback::default();
        for error in [
            status(401, K::Authentication),
            status(402, K::QuotaExhausted),
            status(408, K::Timeout),
            status(429, K::RateLimited),
            status(429, K::QuotaExhausted),
            status(400, K::QuotaExhausted),
            status(500, K::Server),
            status(503, K::Overloaded),
            status(529, K::Overloaded),
            AiError::upstream(K::Connect, "x"),
            AiError::upstream(K::Timeout, "x"),
            AiError::upstream(K::Truncated, "x"),
            AiError::upstream(K::Malformed, "x"),
            AiError::upstream(K::Overloaded, "an error event"),
            status(200, K::Server),
        ] {
            assert!(policy.covers(&error), "{error:?}");
        }
        for error in [
            status(400, K::InvalidRequest),
            status(400, K::ContextTooLong),
            status(403, K::Permission),
            status(404, K::NotFound),
            AiError::invalid("x"),
        ] {
            assert!(!policy.covers(&error), "{error:?}");
        }
    }

    #[test]
    fn only_what_is_named_falls_back() {
        let policy = Fallback::on([429]);
        assert!(policy.covers(&status(429, AiErrorKind::RateLimited)));
        assert!(!policy.covers(&status(500, AiErrorKind::Server)));
        assert!(!policy.covers(&AiError::upstream(AiErrorKind::Connect, "x")));
        assert!(!Fallback::never().covers(&status(500, AiErrorKind::Server)));
    }

    #[test]
    fn conditions_read_and_print() {
        for text in ["connect", "429", "5xx", "4xx"] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
        for text in ["", "200", "600", "6xx", "xx", "timeout", "5XX"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }
}
