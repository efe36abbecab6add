//! Request bodies that came with their heads.

use gateway_core::{Body, Request, body};
use http::{Version, header};
use http_body::Body as _;
use hyper::body::Incoming;

/// The request with its body in memory, if all of it is there: nothing of it has to be waited for,
/// and a proxy need not read on beside the answer.
///
/// Where the client waits to be asked for the body, it is not asked yet.
pub(super) fn arrived(request: http::Request<Incoming>) -> Request {
    let may_ask = request.version() < Version::HTTP_2
        && request.body().size_hint().exact().is_some()
        && !request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if may_ask {
            body::arrived(body)
        } else {
            Body::new(body)
        }
    })
}
