//! What may be tried again, and when. Pure.

use std::time::Duration;

use gateway_core::{ErrorKind, GatewayError};
use http::{HeaderMap, Method, StatusCode, header};

/// What is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum On {
    /// No connection could be made.
    Connect,
    /// The connection ended before the head of the answer.
    Reset,
    /// No head in time.
    Timeout,
    /// The upstream answered with this status.
    Status(StatusCode),
}

/// Whether sending the request twice does no more than sending it once: its method says so
/// (RFC 9110 §9.2.2), or the client does, with an `Idempotency-Key`.
pub(super) fn may_repeat(method: &Method, headers: &HeaderMap) -> bool {
    let idempotent = matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    (idempotent || headers.contains_key("idempotency-key"))
        && *method != Method::CONNECT
        && !headers.contains_key(header::UPGRADE)
}

/// Whether an answer is worth another attempt.
///
/// What the gateway refuses itself – overload, an open circuit, a limit – is not: asking again adds
/// to what the refusal is there to take away.
pub(super) fn is_worth(on: &[On], status: StatusCode, error: Option<&GatewayError>) -> bool {
    let reason = match error.map(GatewayError::kind) {
        None => On::Status(status),
        Some(ErrorKind::UpstreamConnect) => On::Connect,
        Some(ErrorKind::UpstreamReset) => On::Reset,
        Some(ErrorKind::UpstreamTimeout) => On::Timeout,
        Some(_) => return false,
    };
    on.contains(&reason)
}

/// How long to wait before attempt `attempt` + 1: anything up to a bound that doubles.
///
/// Full jitter: clients that failed together do not come back together. `random` is any number.
pub(super) fn backoff(base: Duration, max: Duration, attempt: u32, random: u64) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1));
    let bound = doubled
        .and_then(|factor| base.checked_mul(factor))
        .map_or(max, |bound| bound.min(max));
    let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(nanos) * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(share).expect("a share of 64 bits has no more"))
}

/// The seconds of `Retry-After`; the other form, a date, asks for more time than a retry has.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    Some(match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_repeated() {
        let none = HeaderMap::new();
        let mut keyed = HeaderMap::new();
        keyed.insert("idempotency-key", "1".parse().unwrap());
        let mut upgrade = HeaderMap::new();
        upgrade.insert("upgrade", "websocket".parse().unwrap());
        assert!(may_repeat(&Method::GET, &none));
        assert!(may_repeat(&Method::DELETE, &none));
        assert!(!may_repeat(&Method::POST, &none));
        assert!(!may_repeat(&Method::PATCH, &none));
        assert!(may_repeat(&Method::POST, &keyed));
        assert!(!may_repeat(&Method::GET, &upgrade));
        assert!(!may_repeat(&Method::CONNECT, &keyed));
    }

    #[test]
    fn what_is_worth_it() {
        let on = [On::Connect, On::Status(StatusCode::BAD_GATEWAY)];
        let worth = |status: u16, kind: Option<ErrorKind>| {
            let error = kind.map(GatewayError::new);
            is_worth(&on, StatusCode::from_u16(status).unwrap(), error.as_ref())
        };
        assert!(worth(502, None));
        assert!(!worth(503, None));
        assert!(worth(502, Some(ErrorKind::UpstreamConnect)));
        assert!(!worth(502, Some(ErrorKind::UpstreamReset)));
        assert!(!worth(503, Some(ErrorKind::Overloaded)));
        // The status a gateway error happens to have is not the upstream's.
        assert!(!worth(502, Some(ErrorKind::UpstreamTls)));
    }

    #[test]
    fn waits_double_and_are_bounded() {
        let (base, max) = (Duration::from_millis(25), Duration::from_secs(1));
        let longest = |attempt| backoff(base, max, attempt, u64::MAX).as_millis();
        assert_eq!([1, 2, 3, 4].map(longest), [24, 49, 99, 199]);
        assert_eq!(longest(10), 999);
        assert_eq!(longest(u32::MAX), 999);
        assert_eq!(backoff(base, max, 5, 0), Duration::ZERO);
        assert_eq!(backoff(base, max, 1, u64::MAX / 2).as_millis(), 12);
    }

    #[test]
    fn retry_after_in_seconds() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::MAX));
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
