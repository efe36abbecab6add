use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode, header};
use tokio::time::Instant;

use super::{
    cache_control::{CacheControl, MAX_SECONDS, Scope, delta_seconds},
    date::parse,
    storage::Rules,
};

/// When a response was asked for and received, on both clocks.
///
/// Ages are counted on the monotonic one, so that a clock that is set neither ages nor rejuvenates
/// what is stored; the wall clock is only compared with the `Date` of the origin.
#[derive(Clone, Copy, Debug)]
pub(in crate::cache) struct Times {
    pub(in crate::cache) delay: Duration,
    pub(in crate::cache) received: Instant,
    pub(in crate::cache) wall: SystemTime,
}

/// How long a stored response may be used, and in what way after that (RFC 9111 §4.2, RFC 5861).
#[derive(Clone, Debug)]
pub(in crate::cache) struct Freshness {
    pub(in crate::cache) lifetime: Duration,
    pub(in crate::cache) initial_age: Duration,
    pub(in crate::cache) received: Instant,
    pub(in crate::cache) must_revalidate: bool,
    pub(in crate::cache) no_cache: bool,
    pub(in crate::cache) stale_while_revalidate: Duration,
    pub(in crate::cache) stale_if_error: Duration,
}

impl Freshness {
    /// `current_age` (§4.2.3).
    pub(in crate::cache) fn age(&self, now: Instant) -> Duration {
        self.initial_age + now.saturating_duration_since(self.received)
    }

    /// What is left of the lifetime, in whole seconds; negative once stale.
    pub(in crate::cache) fn ttl(&self, now: Instant) -> i64 {
        let seconds = |d: Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
        seconds(self.lifetime).saturating_sub(seconds(self.age(now)))
    }

    /// How long ago it went stale; `None` while fresh.
    pub(in crate::cache) fn staleness(&self, now: Instant) -> Option<Duration> {
        self.age(now).checked_sub(self.lifetime)
    }

    pub(super) fn of(
        control: &CacheControl,
        lifetime: Duration,
        headers: &HeaderMap,
        times: Times,
        rules: &Rules,
    ) -> Self {
        // `s-maxage` implies `proxy-revalidate` (§5.2.2.10). An origin that also names a grace
        // period has said what it wants; ours, from the configuration, does not override it.
        let strict = control.must_revalidate;
        let ours = !strict && control.s_maxage.is_none();
        let grace = |header: Option<u32>, config: Duration| match header {
            _ if strict => Duration::ZERO,
            Some(seconds) => Duration::from_secs(seconds.into()),
            None if ours => config,
            None => Duration::ZERO,
        };
        Self {
            lifetime,
            initial_age: initial_age(headers, times),
            received: times.received,
            must_revalidate: strict || control.s_maxage.is_some(),
            no_cache: control.no_cache == Scope::All,
            stale_while_revalidate: grace(
                control.stale_while_revalidate,
                rules.stale_while_revalidate,
            ),
            stale_if_error: grace(control.stale_if_error, rules.stale_if_error),
        }
    }
}

/// The lifetime the origin states (§4.2.1), `None` if it states none.
pub(super) fn explicit_lifetime(
    control: &CacheControl,
    headers: &HeaderMap,
    wall: SystemTime,
) -> Option<Duration> {
    if let Some(seconds) = control.s_maxage.or(control.max_age) {
        return Some(Duration::from_secs(seconds.into()));
    }
    if !headers.contains_key(header::EXPIRES) {
        return None;
    }
    // Unreadable or repeated, `Expires` means "already expired" (§5.3).
    let date = date(headers, &header::DATE, wall).unwrap_or(wall);
    let lifetime = date_once(headers, &header::EXPIRES, wall)
        .and_then(|expires| expires.duration_since(date).ok())
        .unwrap_or_default();
    Some(lifetime.min(FOREVER))
}

/// A tenth of the time since the last change (§4.2.2), for statuses that allow it.
pub(super) fn heuristic_lifetime(
    status: StatusCode,
    control: &CacheControl,
    headers: &HeaderMap,
    wall: SystemTime,
    cap: Duration,
) -> Option<Duration> {
    if !control.public && !HEURISTIC.contains(&status.as_u16()) {
        return None;
    }
    let date = date(headers, &header::DATE, wall).unwrap_or(wall);
    let modified = date_once(headers, &header::LAST_MODIFIED, wall)?;
    Some((date.duration_since(modified).ok()? / 10).min(cap))
}

/// `corrected_initial_age` (§4.2.3). Of several `Age` values the first counts, and one that is not
/// a number is ignored (§5.1).
fn initial_age(headers: &HeaderMap, times: Times) -> Duration {
    let apparent = date(headers, &header::DATE, times.wall)
        .and_then(|date| times.wall.duration_since(date).ok())
        .unwrap_or_default();
    let age = headers.get(header::AGE).and_then(|value| {
        let first = value.as_bytes().split(|b| *b == b',').next()?;
        delta_seconds(first.trim_ascii())
    });
    apparent.max(Duration::from_secs(age.unwrap_or(0).into()) + times.delay)
}

pub(super) fn date(headers: &HeaderMap, name: &HeaderName, now: SystemTime) -> Option<SystemTime> {
    parse(headers.get(name)?.as_bytes(), now)
}

fn date_once(headers: &HeaderMap, name: &HeaderName, now: SystemTime) -> Option<SystemTime> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return None;
    }
    parse(first.as_bytes(), now)
}

/// Statuses "defined as heuristically cacheable" (RFC 9110 §15.1), without 206.
const HEURISTIC: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

const FOREVER: Duration = Duration::from_secs(MAX_SECONDS as u64);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn wall() -> SystemTime {
        httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap()
    }

    fn explicit(pairs: &[(HeaderName, &str)]) -> Option<u64> {
        let headers = headers(pairs);
        explicit_lifetime(&CacheControl::of_response(&headers), &headers, wall())
            .map(|lifetime| lifetime.as_secs())
    }

    #[test]
    fn s_maxage_then_max_age_then_expires() {
        let cc = header::CACHE_CONTROL;
        let minute_later = "Sun, 06 Nov 1994 08:50:37 GMT";
        for (pairs, expected) in [
            (vec![(cc.clone(), "max-age=5, s-maxage=9")], Some(9)),
            (
                vec![(cc.clone(), "max-age=5"), (header::EXPIRES, "0")],
                Some(5),
            ),
            (vec![(header::EXPIRES, minute_later)], Some(60)),
            (
                vec![
                    (header::EXPIRES, minute_later),
                    (header::DATE, minute_later),
                ],
                Some(0),
            ),
            (vec![(header::EXPIRES, "0")], Some(0)),
            (
                vec![
                    (header::EXPIRES, minute_later),
                    (header::EXPIRES, minute_later),
                ],
                Some(0),
            ),
            (vec![(cc, "public")], None),
        ] {
            assert_eq!(explicit(&pairs), expected, "{pairs:?}");
        }
    }

    #[tokio::test]
    async fn age_counts_date_age_header_and_delay() {
        let times = Times {
            delay: Duration::from_secs(2),
            received: Instant::now(),
            wall: wall(),
        };
        for (pairs, expected) in [
            (vec![], 2),
            (vec![(header::AGE, "10")], 12),
            (vec![(header::DATE, "Sun, 06 Nov 1994 08:48:37 GMT")], 60),
            (vec![(header::DATE, "Sun, 06 Nov 1994 09:49:37 GMT")], 2),
            (vec![(header::AGE, "0, 7200")], 2),
            (vec![(header::AGE, "7200, 0")], 7202),
            (vec![(header::AGE, "7200"), (header::AGE, "0")], 7202),
            (vec![(header::AGE, "abc")], 2),
            (vec![(header::AGE, "-1")], 2),
            (
                vec![(header::AGE, "99999999999")],
                u64::from(MAX_SECONDS) + 2,
            ),
        ] {
            let age = initial_age(&headers(&pairs), times).as_secs();
            assert_eq!(age, expected, "{pairs:?}");
        }
    }

    #[test]
    fn heuristics_need_a_status_that_allows_them() {
        let headers = headers(&[(header::LAST_MODIFIED, "Sun, 06 Nov 1994 08:32:57 GMT")]);
        let lifetime = |status: u16, control: &str| {
            let mut cc = HeaderMap::new();
            cc.insert(header::CACHE_CONTROL, control.parse().unwrap());
            heuristic_lifetime(
                StatusCode::from_u16(status).unwrap(),
                &CacheControl::of_response(&cc),
                &headers,
                wall(),
                Duration::from_secs(3600),
            )
        };
        assert_eq!(lifetime(200, "x"), Some(Duration::from_secs(100)));
        assert_eq!(lifetime(599, "x"), None);
        assert_eq!(lifetime(599, "public"), Some(Duration::from_secs(100)));
    }
}
