//! Closing a connection without an answer.

use std::fmt;

use axum::body::Body;
use http::Response;

/// Marks a response that must not be sent: the connection closes instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the double hung up")
    }
}

impl std::error::Error for Hangup {}

/// The response of a double that hangs up.
///
/// Its body fails at once, for callers in process that have no connection to lose.
pub(crate) fn hung_up() -> Response<Body> {
    let broken = futures_util::stream::once(async { Err::<bytes::Bytes, _>(Hangup) });
    let mut response = Response::new(Body::from_stream(broken));
    response.extensions_mut().insert(Hangup);
    response
}
