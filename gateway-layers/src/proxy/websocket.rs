//! The key of a WebSocket handshake (RFC 6455 §4), which HTTP/2 has no use for (RFC 8441 §5).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;

/// A fresh nonce. It shows that the answer is one to this request and protects nothing.
pub(super) fn new_key() -> HeaderValue {
    let mut nonce = [0; 16];
    // Without randomness a constant does: a peer that speaks the protocol answers it all the same.
    _ = aws_lc_rs::rand::fill(&mut nonce);
    value(&nonce)
}

/// What a server that understands says to `key`.
pub(super) fn accept(key: &HeaderValue) -> HeaderValue {
    let joined = [key.as_bytes(), GUID].concat();
    value(digest(&SHA1_FOR_LEGACY_USE_ONLY, &joined).as_ref())
}

fn value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(STANDARD.encode(bytes)).expect("base64 is visible ASCII")
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn keys_are_nonces_of_sixteen_bytes() {
        let key = new_key();
        assert_eq!(STANDARD.decode(&key).unwrap().len(), 16);
        assert_ne!(key, new_key());
    }
}
