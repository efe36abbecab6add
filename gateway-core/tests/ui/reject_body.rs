//! A refusal in a body that cannot be made from bytes.

use gateway_core::{ErrorKind, Responder};
use http_body_util::Empty;

fn main() {
    let request = http::Request::new(());
    let _: http::Response<Empty<bytes::Bytes>> = Responder::of(&request).refuse(ErrorKind::NoRoute);
}
