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
mod tests;
