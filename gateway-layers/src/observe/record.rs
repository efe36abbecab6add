use std::time::{Duration, SystemTime};

use gateway_core::{body::End, context::OutcomeRecord};
use http::{HeaderValue, Method, Uri, Version};

use super::trace::TraceContext;

/// All that is known about a request when its answer has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Record<'a> {
    /// When the answer ended.
    pub time: SystemTime,
    /// The method.
    pub method: &'a Method,
    /// The target as it arrived.
    pub uri: &'a Uri,
    /// The protocol version.
    pub version: Version,
    /// `Host`.
    pub host: Option<&'a HeaderValue>,
    /// `User-Agent`.
    pub user_agent: Option<&'a HeaderValue>,
    /// `Referer`.
    pub referer: Option<&'a HeaderValue>,
    /// The status; 499 if the client went away before there was one.
    pub status: u16,
    /// How the answer ended.
    pub end: End,
    /// From the request's head to the answer's end.
    pub duration: Duration,
    /// From the request's head to the answer's head.
    pub first_byte: Option<Duration>,
    /// The bytes of the request's body, if they were announced or counted.
    pub bytes_in: Option<u64>,
    /// The bytes of the answer's body that were handed on.
    pub bytes_out: u64,
    /// The trace and this hop's span.
    pub trace: Option<TraceContext>,
    /// What the layers inside have learnt.
    pub outcome: &'a OutcomeRecord,
}

impl Record<'_> {
    /// Why the gateway answered by itself, or why the answer has no end: the code of the error,
    /// or `client_closed`.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        if let Some(error) = &self.outcome.error {
            return Some(error.code());
        }
        (self.end == End::Cancelled).then_some("client_closed")
    }

    /// The name of the route, or `-`.
    #[must_use]
    pub fn route(&self) -> &str {
        self.outcome
            .route
            .as_ref()
            .map_or("-", |route| route.name())
    }

    /// `complete`, `failed` or `cancelled`.
    #[must_use]
    pub const fn end_str(&self) -> &'static str {
        match self.end {
            End::Complete => "complete",
            End::Cancelled => "cancelled",
            _ => "failed",
        }
    }
}

/// Hears of each request when its answer has ended.
///
/// Implemented for closures, and for `()`, which hears nothing. It runs where the last frame was
/// handed on, or in a `Drop`: it must not block, spawn or panic.
pub trait OnEnd: Send + Sync + 'static {
    /// The answer has ended.
    fn on_end(&self, record: &Record<'_>);
}

impl OnEnd for () {
    fn on_end(&self, _: &Record<'_>) {}
}

impl<F: Fn(&Record<'_>) + Send + Sync + 'static> OnEnd for F {
    fn on_end(&self, record: &Record<'_>) {
        self(record);
    }
}
