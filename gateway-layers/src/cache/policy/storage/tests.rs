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
