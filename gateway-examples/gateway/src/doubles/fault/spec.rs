//! What one fault is.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// One fault: how long to wait, what to do wrong, and to which requests.
///
/// Parsed from the [grammar](super) with [`str::parse`]; `Display` prints the same grammar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Waited before anything is answered.
    pub latency: Option<Duration>,
    /// Waited between the head and the first content.
    pub slow_first_token: Option<Duration>,
    /// What goes wrong.
    pub effect: Option<Effect>,
    /// How often it is committed; unlimited when absent.
    pub times: Option<NonZeroU64>,
    /// Only every so many matching requests.
    pub every: Option<NonZeroU64>,
    /// Only for paths with this prefix.
    pub path: Option<String>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// An error answer.
    Status {
        /// The status code, 400 to 599.
        code: u16,
        /// Seconds of `Retry-After`.
        retry_after: Option<u32>,
    },
    /// The connection drops in the middle of the body.
    CutAfterTokens(u64),
    /// The stream turns into an error event.
    ErrorEventAfterChunks(u64),
    /// A frame that is not what it claims to be.
    MalformedSse,
    /// A stream with no event.
    EmptyStream,
    /// A head, then nothing.
    Silence,
    /// No answer at all.
    Hangup,
    /// A page of HTML where data is expected.
    Html,
}

impl Effect {
    /// Whether nothing of the double's own answer is sent, so that nothing in it can be late.
    pub(super) fn has_no_content(&self) -> bool {
        match self {
            Self::CutAfterTokens(_) | Self::ErrorEventAfterChunks(_) | Self::MalformedSse => false,
            Self::Status { .. } | Self::EmptyStream | Self::Silence | Self::Hangup | Self::Html => {
                true
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(wait) = self.latency {
            words.push(format!("latency={}ms", wait.as_millis()));
        }
        if let Some(wait) = self.slow_first_token {
            words.push(format!("slow_first_token={}ms", wait.as_millis()));
        }
        if let Some(effect) = self.effect {
            words.push(effect.to_string());
        }
        if let Some(times) = self.times {
            words.push(format!("times={times}"));
        }
        if let Some(every) = self.every {
            words.push(format!("every={every}"));
        }
        if let Some(path) = &self.path {
            words.push(format!("path={path}"));
        }
        f.write_str(&words.join(","))
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status {
                code,
                retry_after: None,
            } => write!(f, "status={code}"),
            Self::Status {
                code,
                retry_after: Some(seconds),
            } => {
                write!(f, "status={code},retry_after={seconds}")
            }
            Self::CutAfterTokens(n) => write!(f, "cut_after_tokens={n}"),
            Self::ErrorEventAfterChunks(n) => write!(f, "error_event_after_chunks={n}"),
            Self::MalformedSse => f.write_str("malformed_sse"),
            Self::EmptyStream => f.write_str("empty_stream"),
            Self::Silence => f.write_str("silence"),
            Self::Hangup => f.write_str("hangup"),
            Self::Html => f.write_str("html"),
        }
    }
}
