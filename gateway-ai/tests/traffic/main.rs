//! Recorded provider traffic through the codecs: what real clients and providers sent must come
//! through unharmed.
//!
//! The recordings are not part of the repository. They are looked for in `GATEWAY_TRAFFIC` or in
//! `../shared/traffic` beside the workspace; where they are absent each test says so and counts
//! nothing.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is what a test is for"
)]

mod converse;
mod equal;
mod errors;
mod excuses;
mod gemini;
mod heard;
mod leaves;
mod load;
mod lost;
mod replies;
mod requests;
mod responses;
mod silent;
mod streams;
mod tomorrow;
mod truth;
mod unknown;
mod vary;
mod weather;

use gateway_ai::dialect::{Dialect, Url};

use load::{DIALECTS, Exchange, endpoints, exchanges};

/// Azure names the model in the path alone.
const URL: Url<'static> = Url {
    model: Some("from-url"),
    stream: None,
};

/// What was answered well, of a dialect's own endpoints.
fn recorded(dialect: Dialect) -> Option<impl Iterator<Item = &'static Exchange>> {
    let found = exchanges(endpoints(dialect))?;
    Some(found.into_iter().filter(|exchange| exchange.is_ok()))
}

/// What the other tests look for: without it they would find nothing wrong.
#[test]
fn something_of_each_sort_is_recorded() {
    let all = DIALECTS.map(|dialect| exchanges(endpoints(dialect)));
    if all.iter().any(Option::is_none) {
        return;
    }
    let has = |sort: fn(&Exchange) -> bool| all.iter().flatten().flatten().any(|one| sort(one));
    assert!(has(|one| !one.is_ok()), "no refusal");
    assert!(
        has(|one| one.is_ok() && one.response.streaming),
        "no stream"
    );
    assert!(
        has(|one| one.is_ok() && !one.response.streaming),
        "no whole answer"
    );
    assert!(
        has(|one| one.is_ok() && one.request_body().is_some()),
        "no request"
    );
}
