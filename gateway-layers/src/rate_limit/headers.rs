//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11), and the
//! `X-RateLimit-*` that came before them.

use std::{fmt::Write as _, time::Duration};

use compact_str::ToCompactString as _;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Decision, Policy};

/// What a response says about the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum RateLimitHeaders {
    /// `RateLimit`, `RateLimit-Policy`, and `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
    All,
    /// `RateLimit` and `RateLimit-Policy`.
    Standard,
    /// Nothing. A refusal still has `Retry-After`.
    Hidden,
}

/// Everything about the headers that does not change from request to request.
#[derive(Clone, Debug)]
pub(super) struct Headers {
    show: RateLimitHeaders,
    policies: HeaderValue,
    limits: Vec<(Box<str>, HeaderValue)>,
}

/// The tightest policy after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) policy: usize,
    pub(super) remaining: u64,
    pub(super) reset: Duration,
}

impl Headers {
    pub(super) fn new(show: RateLimitHeaders, policies: &[Policy]) -> Self {
        let mut list = String::new();
        for policy in policies {
            let comma = if list.is_empty() { "" } else { ", " };
            let window = seconds(policy.quota().period()).max(1);
            let limit = integer(policy.quota().limit());
            _ = write!(list, "{comma}\"{}\";q={limit};w={window}", policy.name());
        }
        let limit = |policy: &Policy| {
            let limit = HeaderValue::from(policy.quota().limit());
            (policy.name().into(), limit)
        };
        Self {
            show,
            policies: HeaderValue::try_from(list).expect("policy names are plain"),
            limits: policies.iter().map(limit).collect(),
        }
    }

    pub(super) fn show(&mut self, show: RateLimitHeaders) {
        self.show = show;
    }

    pub(super) const fn shown(&self) -> RateLimitHeaders {
        self.show
    }

    /// Adds to what another limiter said; the `X-` headers cannot be lists and are replaced.
    pub(super) fn write(&self, headers: &mut HeaderMap, report: Report) {
        if self.show == RateLimitHeaders::Hidden {
            return;
        }
        let (name, limit) = &self.limits[report.policy];
        let reset = seconds(report.reset);
        // Each answer has it: the formatting machinery would cost more than all else here.
        let remaining = integer(report.remaining).to_compact_string();
        let left = reset.to_compact_string();
        let state = ["\"", name, "\";r=", &remaining, ";t=", &left].concat();
        headers.append(POLICY, self.policies.clone());
        if let Ok(state) = HeaderValue::try_from(state) {
            headers.append(STATE, state);
        }
        if self.show == RateLimitHeaders::All {
            headers.insert(X_LIMIT, limit.clone());
            headers.insert(X_REMAINING, HeaderValue::from(report.remaining));
            headers.insert(X_RESET, HeaderValue::from(reset));
        }
    }
}

impl Report {
    pub(super) const fn of(policy: usize, decision: &Decision) -> Self {
        Self {
            policy,
            remaining: decision.remaining,
            reset: decision.reset,
        }
    }
}

/// Rounded up: at the time that is said, it is so.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Structured field integers have at most 15 digits (RFC 9651 §3.3.1).
fn integer(value: u64) -> u64 {
    value.min(999_999_999_999_999)
}

pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const STATE: HeaderName = HeaderName::from_static("ratelimit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{Quota, per_minute};

    fn policies() -> [Policy; 2] {
        let odd = Quota::new(u64::MAX, Duration::from_millis(1)).unwrap_or(per_minute(5));
        [
            Policy::new("default", per_minute(600)).unwrap(),
            Policy::new("odd", odd).unwrap(),
        ]
    }

    #[test]
    fn values_are_structured_fields() {
        let mut map = HeaderMap::new();
        let report = Report {
            policy: 0,
            remaining: 598,
            reset: Duration::from_millis(40_100),
        };
        Headers::new(RateLimitHeaders::All, &policies()).write(&mut map, report);
        assert_eq!(map[POLICY], "\"default\";q=600;w=60, \"odd\";q=5;w=60");
        assert_eq!(map[STATE], "\"default\";r=598;t=41");
        assert_eq!(map[X_LIMIT], "600");
        assert_eq!(map[X_REMAINING], "598");
        assert_eq!(map[X_RESET], "41");
    }

    #[test]
    fn less_may_be_shown() {
        let report = Report {
            policy: 0,
            remaining: 1,
            reset: Duration::ZERO,
        };
        for (show, count) in [
            (RateLimitHeaders::All, 5),
            (RateLimitHeaders::Standard, 2),
            (RateLimitHeaders::Hidden, 0),
        ] {
            let mut map = HeaderMap::new();
            Headers::new(show, &policies()).write(&mut map, report);
            assert_eq!(map.len(), count);
        }
    }
}
