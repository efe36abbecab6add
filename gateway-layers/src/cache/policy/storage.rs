use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use super::{
    cache_control::{CacheControl, Scope},
    freshness::{Freshness, Times, explicit_lifetime, heuristic_lifetime},
    vary::Selecting,
};

/// What the operator allows beyond, or takes from, what RFC 9111 says.
#[derive(Clone, Debug)]
pub(in crate::cache) struct Rules {
    pub(in crate::cache) default_ttl: Option<Duration>,
    pub(in crate::cache) heuristic_cap: Option<Duration>,
    pub(in crate::cache) stale_while_revalidate: Duration,
    pub(in crate::cache) stale_if_error: Duration,
    pub(in crate::cache) store_set_cookie: bool,
    pub(in crate::cache) max_entry: usize,
}

/// What matters about a request when its response is to be stored.
#[derive(Clone, Debug)]
pub(in crate::cache) struct Asked {
    pub(in crate::cache) headers: HeaderMap,
    pub(in crate::cache) control: CacheControl,
    /// Credentials were presented, and the key does not keep callers apart.
    pub(in crate::cache) shared_credentials: bool,
    /// A cookie was presented, and the key does not keep callers apart.
    pub(in crate::cache) shared_cookie: bool,
}

/// Why a response is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) enum NotStored {
    /// 1xx, 206 and 304; a status that `must-understand` asks to understand.
    Status,
    /// `no-store`, in the request or the response.
    NoStore,
    /// `private`.
    Private,
    /// §3.5: an answer to credentials, not marked as being for everybody.
    Credentials,
    /// A `Set-Cookie` is for one caller.
    SetCookie,
    /// `Vary: *`.
    VaryAll,
    /// Nothing says how long it may be kept, or it may not be kept at all.
    NoFreshness,
    /// An event stream has no end to wait for.
    EventStream,
    /// Longer than an entry may be.
    TooLarge,
}

/// RFC 9111 §3: may the response be stored, for how long, and for which requests?
pub(in crate::cache) fn assess(
    asked: &Asked,
    status: StatusCode,
    headers: &HeaderMap,
    times: Times,
    rules: &Rules,
) -> Result<(Freshness, Selecting), NotStored> {
    let control = CacheControl::of_response(headers);
    permitted(asked, status, headers, &control, rules)?;
    if announced_length(headers).is_some_and(|length| length > rules.max_entry as u64) {
        return Err(NotStored::TooLarge);
    }
    let lifetime = lifetime(asked, status, headers, &control, times, rules)?;
    let selecting = Selecting::of(headers, &asked.headers).ok_or(NotStored::VaryAll)?;
    let freshness = Freshness::of(&control, lifetime, headers, times, rules);
    if useful(&freshness, headers) {
        Ok((freshness, selecting))
    } else {
        Err(NotStored::NoFreshness)
    }
}

fn permitted(
    asked: &Asked,
    status: StatusCode,
    headers: &HeaderMap,
    control: &CacheControl,
    rules: &Rules,
) -> Result<(), NotStored> {
    if status.is_informational() || matches!(status.as_u16(), 206 | 304) {
        return Err(NotStored::Status);
    }
    let understood = UNDERSTOOD.contains(&status.as_u16());
    if control.must_understand && !understood {
        return Err(NotStored::Status);
    }
    // §5.2.2.3: whoever understands the status is meant to ignore the `no-store` that guards it
    // from caches that do not know `must-understand`.
    if asked.control.no_store || (control.no_store && !control.must_understand) {
        return Err(NotStored::NoStore);
    }
    if control.private == Scope::All {
        return Err(NotStored::Private);
    }
    if asked.shared_credentials && !for_everybody(control) {
        return Err(NotStored::Credentials);
    }
    let cookie_stripped = |scope: &Scope| scope.fields().contains(&header::SET_COOKIE);
    if headers.contains_key(header::SET_COOKIE)
        && !rules.store_set_cookie
        && !cookie_stripped(&control.private)
        && !cookie_stripped(&control.no_cache)
    {
        return Err(NotStored::SetCookie);
    }
    if is_event_stream(headers) {
        return Err(NotStored::EventStream);
    }
    Ok(())
}

/// §3.5: the origin says that an answer to credentials is for everybody.
pub(in crate::cache) const fn for_everybody(control: &CacheControl) -> bool {
    control.public || control.s_maxage.is_some() || control.must_revalidate
}

/// The default lifetime is the operator's guess about an origin that says nothing. It is not made
/// where a guess can show one caller's page to another, nor for errors.
fn lifetime(
    asked: &Asked,
    status: StatusCode,
    headers: &HeaderMap,
    control: &CacheControl,
    times: Times,
    rules: &Rules,
) -> Result<Duration, NotStored> {
    if let Some(lifetime) = explicit_lifetime(control, headers, times.wall) {
        return Ok(lifetime);
    }
    if control.no_cache == Scope::All {
        return Ok(Duration::ZERO);
    }
    let anonymous = !asked.shared_credentials && !asked.shared_cookie;
    if !anonymous && !control.public {
        return Err(NotStored::NoFreshness);
    }
    let by_default = rules
        .default_ttl
        .filter(|_| DEFAULTED.contains(&status.as_u16()));
    by_default
        .or_else(|| heuristic_lifetime(status, control, headers, times.wall, rules.heuristic_cap?))
        .ok_or(NotStored::NoFreshness)
}

/// Whether a later request can ever be answered, or the origin asked by a validator.
fn useful(freshness: &Freshness, headers: &HeaderMap) -> bool {
    let validator =
        headers.contains_key(header::ETAG) || headers.contains_key(header::LAST_MODIFIED);
    let grace = freshness
        .stale_while_revalidate
        .max(freshness.stale_if_error);
    let fresh = freshness.initial_age < freshness.lifetime + grace;
    validator || (fresh && !freshness.no_cache)
}

pub(in crate::cache) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value
            .as_bytes()
            .split(|b| *b == b';')
            .next()
            .unwrap_or_default();
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"text/event-stream")
    })
}

/// Final statuses whose caching rules this cache implements.
const UNDERSTOOD: [u16; 25] = [
    200, 201, 202, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 410, 414,
    451, 500, 501, 502, 503, 504,
];

const DEFAULTED: [u16; 6] = [200, 203, 204, 300, 301, 308];

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use tokio::time::Instant;

    use super::*;

    fn rules() -> Rules {
        Rules {
            default_ttl: None,
            heuristic_cap: None,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            store_set_cookie: false,
            max_entry: 1000,
        }
    }

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn asked(request: &[(&'static str, &str)]) -> Asked {
        let headers = map(request);
        Asked {
            control: CacheControl::of_request(&headers),
            shared_credentials: headers.contains_key(header::AUTHORIZATION),
            shared_cookie: headers.contains_key(header::COOKIE),
            headers,
        }
    }

    fn decide(
        request: &[(&'static str, &str)],
        status: u16,
        response: &[(&'static str, &str)],
        rules: &Rules,
    ) -> Result<u64, NotStored> {
        let times = Times {
            delay: Duration::ZERO,
            received: Instant::now(),
            wall: SystemTime::UNIX_EPOCH,
        };
        let status = StatusCode::from_u16(status).unwrap();
        assess(&asked(request), status, &map(response), times, rules)
            .map(|(freshness, _)| freshness.lifetime.as_secs())
    }

    type Case<'a> = (
        &'a [(&'static str, &'a str)],
        u16,
        &'a [(&'static str, &'a str)],
    );

    fn check(cases: &[(Case<'_>, Result<u64, NotStored>)]) {
        for ((request, status, response), expected) in cases {
            let found = decide(request, *status, response, &rules());
            assert_eq!(found, *expected, "{request:?} {status} {response:?}");
        }
    }

    const CC: &str = "cache-control";

    #[tokio::test]
    async fn the_response_decides() {
        use NotStored::*;
        let cookie = ("set-cookie", "a=b");
        let events = ("content-type", "Text/Event-Stream; charset=utf-8");
        check(&[
            ((&[], 200, &[(CC, "max-age=9")]), Ok(9)),
            ((&[], 599, &[(CC, "max-age=9")]), Ok(9)),
            (
                (&[], 599, &[(CC, "max-age=9, must-understand")]),
                Err(Status),
            ),
            (
                (&[], 200, &[(CC, "max-age=9, no-store, must-understand")]),
                Ok(9),
            ),
            ((&[], 206, &[(CC, "max-age=9")]), Err(Status)),
            ((&[], 304, &[(CC, "max-age=9")]), Err(Status)),
            ((&[], 200, &[(CC, "max-age=9, no-store")]), Err(NoStore)),
            ((&[], 200, &[(CC, "max-age=9, private")]), Err(Private)),
            ((&[], 200, &[(CC, "max-age=9, private=\"x\"")]), Ok(9)),
            ((&[], 200, &[(CC, "max-age=9"), cookie]), Err(SetCookie)),
            (
                (
                    &[],
                    200,
                    &[(CC, "max-age=9, private=\"set-cookie\""), cookie],
                ),
                Ok(9),
            ),
            (
                (&[], 200, &[(CC, "max-age=9"), ("vary", "*")]),
                Err(VaryAll),
            ),
            (
                (&[], 200, &[(CC, "max-age=9"), ("content-length", "1001")]),
                Err(TooLarge),
            ),
            ((&[], 200, &[(CC, "max-age=9"), events]), Err(EventStream)),
        ]);
    }

    #[tokio::test]
    async fn freshness_is_stated_or_nothing_is_stored() {
        use NotStored::*;
        let tag = ("etag", "\"a\"");
        check(&[
            ((&[], 200, &[]), Err(NoFreshness)),
            ((&[], 200, &[tag]), Err(NoFreshness)),
            ((&[], 200, &[(CC, "max-age=0")]), Err(NoFreshness)),
            ((&[], 200, &[(CC, "max-age=0"), tag]), Ok(0)),
            (
                (&[], 200, &[(CC, "max-age=0, stale-while-revalidate=9")]),
                Ok(0),
            ),
            ((&[], 200, &[(CC, "no-cache")]), Err(NoFreshness)),
            ((&[], 200, &[(CC, "no-cache"), tag]), Ok(0)),
        ]);
    }

    #[tokio::test]
    async fn the_request_decides_too() {
        use NotStored::*;
        let auth = [("authorization", "x")];
        check(&[
            (
                (&[(CC, "no-store")], 200, &[(CC, "max-age=9")]),
                Err(NoStore),
            ),
            ((&auth, 200, &[(CC, "max-age=9")]), Err(Credentials)),
            ((&auth, 200, &[(CC, "max-age=9, public")]), Ok(9)),
            ((&auth, 200, &[(CC, "max-age=9, must-revalidate")]), Ok(9)),
            ((&auth, 200, &[(CC, "s-maxage=9")]), Ok(9)),
            (
                (&auth, 200, &[(CC, "public, private, max-age=9")]),
                Err(Private),
            ),
        ]);
    }

    #[tokio::test]
    async fn the_default_ttl_guesses_only_where_a_guess_is_safe() {
        let rules = Rules {
            default_ttl: Some(Duration::from_secs(30)),
            ..rules()
        };
        assert_eq!(decide(&[], 200, &[], &rules), Ok(30));
        assert_eq!(
            decide(&[], 200, &[("cache-control", "max-age=5")], &rules),
            Ok(5)
        );
        for status in [404, 500, 302] {
            assert!(decide(&[], status, &[], &rules).is_err(), "{status}");
        }
        let cookie = [("cookie", "session=1")];
        assert!(decide(&cookie, 200, &[], &rules).is_err());
        assert_eq!(
            decide(&cookie, 200, &[("cache-control", "public")], &rules),
            Ok(30)
        );
        assert!(decide(&[], 200, &[("cache-control", "no-cache")], &rules).is_err());
    }
}
