use std::{borrow::Cow, fmt};

use gateway_core::{ErrorKind, GatewayError};

/// Why a part has no answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The request has not what the part is asked with, or something it must not be asked with.
    Request { name: String, what: &'static str },
    /// The part this one is asked with failed itself.
    Needs(String),
    /// Not in time.
    Late,
    /// More than there is room for.
    TooLarge,
    /// Not JSON, or not what was to be picked from it.
    Invalid(&'static str),
    /// A status other than 2xx.
    Status(u16),
    /// The gateway's own refusal.
    Refused(ErrorKind),
    /// The answer broke off.
    Broken,
}

impl Fault {
    pub(super) const fn kind(&self) -> ErrorKind {
        match self {
            Self::Request { .. } => ErrorKind::InvalidParameter,
            Self::Late => ErrorKind::UpstreamTimeout,
            Self::TooLarge => ErrorKind::UpstreamTooLarge,
            Self::Invalid(_) => ErrorKind::UpstreamInvalid,
            Self::Needs(_) | Self::Status(_) | Self::Refused(_) | Self::Broken => {
                ErrorKind::UpstreamError
            }
        }
    }

    /// What `Server-Timing` and the log say.
    pub(super) fn code(&self) -> Cow<'static, str> {
        match self {
            Self::Status(status) => status.to_string().into(),
            Self::Refused(kind) => kind.code().into(),
            Self::Broken => ErrorKind::UpstreamReset.code().into(),
            other => other.kind().code().into(),
        }
    }

    /// The failure of the whole because of `part`.
    pub(super) fn of_all(&self, part: &str) -> GatewayError {
        let error = GatewayError::new(self.kind())
            .layer("aggregate")
            .detail(format!("part `{part}`: {self}"));
        match self {
            Self::Request { name, .. } => error.param(name.clone()),
            _ => error,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { name, what } => write!(f, "`{name}` {what}"),
            Self::Needs(part) => write!(f, "it needs `{part}`"),
            Self::Late => f.write_str("no answer in time"),
            Self::TooLarge => f.write_str("the answer is too long"),
            Self::Invalid(what) => f.write_str(what),
            Self::Status(status) => write!(f, "the answer is {status}"),
            Self::Refused(kind) => f.write_str(kind.title()),
            Self::Broken => f.write_str("the answer broke off"),
        }
    }
}
