use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::{
    cache_control::{CacheControl, Scope},
    freshness::Freshness,
};

/// What a request may do with a stored response that matches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) enum Verdict {
    /// Answer with it.
    Fresh,
    /// Answer with it although it is stale, because the request allows it.
    Stale,
    /// Answer with it although it is stale, and refresh it behind the answer (RFC 5861 §3).
    StaleWhileRevalidate,
    /// Ask the origin first, because it is stale.
    Revalidate,
    /// Ask the origin first, because the request demands it.
    Demanded,
}

/// RFC 9111 §4: may `stored` answer a request with these directives at `now`?
pub(in crate::cache) fn judge(stored: &Freshness, request: &CacheControl, now: Instant) -> Verdict {
    if request.no_cache != Scope::Absent {
        return Verdict::Demanded;
    }
    if stored.no_cache {
        return Verdict::Revalidate;
    }
    let age = stored.age(now);
    if request.max_age.is_some_and(|limit| age > seconds(limit)) && request.max_stale.is_none() {
        return Verdict::Demanded;
    }
    let Some(staleness) = stored.staleness(now) else {
        let left = stored.lifetime.saturating_sub(age);
        return match request.min_fresh {
            Some(wanted) if left < seconds(wanted) => Verdict::Demanded,
            _ => Verdict::Fresh,
        };
    };
    let particular = request.max_age.is_some() || request.min_fresh.is_some();
    if !particular && staleness < stored.stale_while_revalidate {
        Verdict::StaleWhileRevalidate
    } else if request
        .max_stale
        .is_some_and(|limit| staleness <= seconds(limit))
        && !stored.must_revalidate
    {
        Verdict::Stale
    } else {
        Verdict::Revalidate
    }
}

/// RFC 5861 §4: may `stored` stand in for an origin that failed?
pub(in crate::cache) fn may_answer_error(
    stored: &Freshness,
    request: &CacheControl,
    now: Instant,
) -> bool {
    let allowed = match request.stale_if_error {
        Some(limit) if !stored.must_revalidate => stored.stale_if_error.max(seconds(limit)),
        _ => stored.stale_if_error,
    };
    !stored.no_cache
        && request.no_cache == Scope::Absent
        && stored.staleness(now).unwrap_or_default() < allowed
}

/// The statuses RFC 5861 §4 counts as an error.
pub(in crate::cache) fn is_error(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

fn seconds(value: u32) -> Duration {
    Duration::from_secs(value.into())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::*;

    fn stored(now: Instant, age: u64, edit: impl FnOnce(&mut Freshness)) -> Freshness {
        let mut freshness = Freshness {
            lifetime: seconds(60),
            initial_age: Duration::from_secs(age),
            received: now,
            must_revalidate: false,
            no_cache: false,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
        };
        edit(&mut freshness);
        freshness
    }

    fn request(line: &str) -> CacheControl {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, line.parse().unwrap());
        CacheControl::of_request(&headers)
    }

    #[tokio::test(start_paused = true)]
    async fn the_request_decides_within_what_the_origin_allows() {
        let now = Instant::now();
        let must = |f: &mut Freshness| f.must_revalidate = true;
        let none = |_: &mut Freshness| {};
        let swr = |f: &mut Freshness| f.stale_while_revalidate = seconds(30);
        let edits: [(&str, u64, &dyn Fn(&mut Freshness), Verdict); 14] = [
            ("", 59, &none, Verdict::Fresh),
            ("", 60, &none, Verdict::Revalidate),
            ("no-cache", 0, &none, Verdict::Demanded),
            ("max-age=10", 10, &none, Verdict::Fresh),
            ("max-age=10", 11, &none, Verdict::Demanded),
            ("min-fresh=10", 50, &none, Verdict::Fresh),
            ("min-fresh=10", 51, &none, Verdict::Demanded),
            ("max-stale", 1000, &none, Verdict::Stale),
            ("max-stale=5", 65, &none, Verdict::Stale),
            ("max-stale=5", 66, &none, Verdict::Revalidate),
            ("max-stale", 61, &must, Verdict::Revalidate),
            ("", 89, &swr, Verdict::StaleWhileRevalidate),
            ("", 90, &swr, Verdict::Revalidate),
            ("max-age=80", 70, &swr, Verdict::Revalidate),
        ];
        for (line, age, edit, expected) in edits {
            let stored = stored(now, age, edit);
            assert_eq!(
                judge(&stored, &request(line), now),
                expected,
                "{line} {age}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stored_no_cache_is_always_validated() {
        let now = Instant::now();
        let stored = stored(now, 0, |f| f.no_cache = true);
        assert_eq!(
            judge(&stored, &request("max-stale"), now),
            Verdict::Revalidate
        );
        assert!(!may_answer_error(
            &stored,
            &request("stale-if-error=60"),
            now
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_hidden_only_within_the_grace_period() {
        let now = Instant::now();
        let lax = stored(now, 70, |f| f.stale_if_error = seconds(20));
        assert!(may_answer_error(&lax, &request(""), now));
        let late = stored(now, 80, |f| f.stale_if_error = seconds(20));
        assert!(!may_answer_error(&late, &request(""), now));
        assert!(may_answer_error(&late, &request("stale-if-error=30"), now));
        // Fresh, but the client wanted it fresher: without a grace period it hears of the error.
        let fresh = stored(now, 5, |_| {});
        assert!(!may_answer_error(&fresh, &request("max-age=0"), now));
        let strict = stored(now, 61, |f| f.must_revalidate = true);
        assert!(!may_answer_error(
            &strict,
            &request("stale-if-error=30"),
            now
        ));
    }
}
