use std::{sync::Arc, time::Duration};

use super::Ejection;
use crate::circuit_breaker::Circuit;

/// Why an endpoint gets no requests. The reasons are independent: each is set and cleared by whoever
/// watches for it, and an endpoint is used while none is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocked {
    /// An active health check fails.
    Unhealthy,
    /// It was ejected for the failures that requests met.
    Ejected,
    /// Its circuit breaker is open.
    CircuitOpen,
    /// Its operator wants it empty.
    Draining,
}

impl Blocked {
    pub(super) const fn bit(self) -> u8 {
        match self {
            Self::Unhealthy => 1,
            Self::Ejected => 2,
            Self::CircuitOpen => 4,
            Self::Draining => 8,
        }
    }
}

/// What a health check found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Unreachable,
    /// A status that is not a good one.
    Status,
    /// A body without what it must contain.
    Content,
    /// An answer that says it does not serve (gRPC).
    NotServing,
}

impl Fault {
    /// A name in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Status => "status",
            Self::Content => "content",
            Self::NotServing => "not_serving",
        }
    }

    pub(super) const fn code(self) -> u8 {
        self as u8 + 1
    }

    pub(super) fn of(code: u8) -> Option<Self> {
        const ALL: [Fault; 5] = [
            Fault::Timeout,
            Fault::Unreachable,
            Fault::Status,
            Fault::Content,
            Fault::NotServing,
        ];
        ALL.into_iter().find(|fault| fault.code() == code)
    }
}

/// How an endpoint is, in one word: the strongest of its [`Blocked`] reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It gets its share.
    Healthy,
    /// It gets a growing part of its share, see [`Balance::slow_start`](super::Balance::slow_start).
    Warming,
    /// A health check fails.
    Unhealthy,
    /// It failed too often.
    Ejected,
    /// Its breaker is open.
    CircuitOpen,
    /// It is being emptied.
    Draining,
}

impl Health {
    /// A name in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warming => "warming",
            Self::Unhealthy => "unhealthy",
            Self::Ejected => "ejected",
            Self::CircuitOpen => "circuit_open",
            Self::Draining => "draining",
        }
    }
}

/// An endpoint at one moment, for those who watch. See [`Balance::status`](super::Balance::status).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// Its name.
    pub name: Arc<str>,
    /// How much it can take, relative to the others.
    pub weight: u32,
    /// When it is used.
    pub priority: u32,
    /// How it is.
    pub health: Health,
    /// What a health check found wrong with it, last.
    pub fault: Option<Fault>,
    /// Why it was ejected, last.
    pub ejection: Option<Ejection>,
    /// For how long it has been so.
    pub unchanged: Duration,
    /// Requests under way.
    pub active: usize,
    /// The latency it is chosen by; none while nothing was measured.
    pub latency: Option<Duration>,
    /// How often it was ejected, by reason.
    pub ejections: [(Ejection, u64); 3],
    /// Its circuit, if it has one.
    pub circuit: Option<Arc<Circuit>>,
}

impl EndpointStatus {
    /// Whether it gets requests.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        matches!(self.health, Health::Healthy | Health::Warming)
    }

    /// Why it does not, in a word.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self.health {
            Health::Unhealthy => self.fault.map(Fault::as_str),
            Health::Ejected => self.ejection.map(Ejection::as_str),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_survive_their_byte() {
        assert_eq!(Fault::of(0), None);
        for code in 1..=5 {
            assert_eq!(Fault::of(code).map(Fault::code), Some(code));
        }
        assert_eq!(Fault::of(6), None);
    }
}
