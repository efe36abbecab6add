use std::fmt::Write as _;

use gateway_core::{CacheOutcome, Outcome};
use http::{Extensions, HeaderName, HeaderValue, Response, StatusCode};

/// Why a request went to the origin (RFC 9211 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    Bypass,
    Method,
    UriMiss,
    VaryMiss,
    Stale,
    Request,
}

/// What this cache did, as it is told: the `Cache-Status` member, the extension, the log record.
#[derive(Clone, Debug)]
pub(super) struct Report {
    outcome: CacheOutcome,
    hit: bool,
    forward: Option<Forward>,
    forward_status: Option<StatusCode>,
    ttl: Option<i64>,
    stored: bool,
    collapsed: bool,
    detail: Option<&'static str>,
}

impl Report {
    pub(super) const fn hit(ttl: i64) -> Self {
        Self {
            outcome: CacheOutcome::Hit,
            hit: true,
            forward: None,
            forward_status: None,
            ttl: Some(ttl),
            stored: false,
            collapsed: false,
            detail: None,
        }
    }

    pub(super) const fn stale(ttl: i64, detail: &'static str) -> Self {
        let mut report = Self::hit(ttl);
        report.outcome = CacheOutcome::Stale;
        report.detail = Some(detail);
        report
    }

    /// Answered with what another request fetched (RFC 9211 §2.2, `collapsed`).
    pub(super) const fn collapsed(forward: Forward, ttl: i64) -> Self {
        let mut report = Self::hit(ttl);
        report.outcome = CacheOutcome::Collapsed;
        report.hit = false;
        report.forward = Some(forward);
        report.collapsed = true;
        report
    }

    pub(super) const fn revalidated(forward: Forward, ttl: i64) -> Self {
        let mut report = Self::forwarded(forward, StatusCode::NOT_MODIFIED);
        report.outcome = CacheOutcome::Revalidated;
        report.ttl = Some(ttl);
        report.stored = true;
        report
    }

    pub(super) const fn forwarded(forward: Forward, status: StatusCode) -> Self {
        let mut report = Self::hit(0);
        report.outcome = match forward {
            Forward::Bypass | Forward::Method => CacheOutcome::Bypass,
            Forward::UriMiss | Forward::VaryMiss | Forward::Stale | Forward::Request => {
                CacheOutcome::Miss
            }
        };
        report.hit = false;
        report.ttl = None;
        report.forward = Some(forward);
        report.forward_status = Some(status);
        report
    }

    pub(super) const fn stored(mut self, stored: bool) -> Self {
        self.stored = stored;
        self
    }

    pub(super) const fn outcome(&self) -> CacheOutcome {
        self.outcome
    }

    /// Tells the client (after what caches nearer to the origin said), outer layers and the log.
    pub(super) fn tell<B>(
        &self,
        name: &str,
        response: &mut Response<B>,
        request: Option<&Outcome>,
    ) {
        if let Ok(value) = HeaderValue::try_from(self.member(name)) {
            response.headers_mut().append(CACHE_STATUS, value);
        }
        response.extensions_mut().insert(self.outcome);
        if let Some(outcome) = request {
            outcome.update(|record| record.cache = Some(self.outcome));
        }
    }

    fn member(&self, name: &str) -> String {
        let mut member = String::with_capacity(name.len() + 40);
        member.push_str(name);
        if self.hit {
            member.push_str("; hit");
        }
        if let Some(forward) = self.forward {
            member.push_str("; fwd=");
            member.push_str(forward.as_str());
        }
        if let Some(status) = self.forward_status {
            _ = write!(member, "; fwd-status={}", status.as_u16());
        }
        if let Some(ttl) = self.ttl {
            _ = write!(member, "; ttl={ttl}");
        }
        if self.stored {
            member.push_str("; stored");
        }
        if self.collapsed {
            member.push_str("; collapsed");
        }
        if let Some(detail) = self.detail {
            member.push_str("; detail=");
            member.push_str(detail);
        }
        member
    }
}

impl Forward {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Stale => "stale",
            Self::Request => "request",
        }
    }
}

/// The cell to report to, taken before the request is given away.
pub(super) fn cell(extensions: &Extensions) -> Option<Outcome> {
    extensions.get::<Outcome>().cloned()
}

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_rfc_9211() {
        let miss = Report::forwarded(Forward::UriMiss, StatusCode::OK).stored(true);
        for (report, expected) in [
            (Report::hit(27), "gw; hit; ttl=27"),
            (Report::stale(-4, "swr"), "gw; hit; ttl=-4; detail=swr"),
            (miss, "gw; fwd=uri-miss; fwd-status=200; stored"),
            (
                Report::collapsed(Forward::UriMiss, 9),
                "gw; fwd=uri-miss; ttl=9; collapsed",
            ),
            (
                Report::revalidated(Forward::Stale, 9),
                "gw; fwd=stale; fwd-status=304; ttl=9; stored",
            ),
        ] {
            assert_eq!(report.member("gw"), expected);
        }
    }
}
