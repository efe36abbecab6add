//! Interim answers of the upstream (RFC 9110 §15.2).

use gateway_core::{Interim, Request};
use http::StatusCode;

use super::hop;

/// Passes `102` and `103` on to the client, if its server can write them.
///
/// `100` is the answer to an expectation, which the gateway has answered itself, and `101` is no
/// interim answer.
pub(super) fn pass_on(interim: Interim, request: &mut Request) {
    hyper::ext::on_informational(request, move |response| {
        if matches!(
            response.status(),
            StatusCode::PROCESSING | StatusCode::EARLY_HINTS
        ) {
            let mut headers = response.headers().clone();
            hop::strip(&mut headers, |_| false);
            interim.send(response.status(), &headers);
        }
    });
}
