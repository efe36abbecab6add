use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::address::is_internal;
use crate::error::AiError;

/// The type an image really has, by its first bytes; `None` where they say nothing.
///
/// Anthropic refuses an image whose declared type is not its own, and clients often guess.
pub(crate) fn real_image_type(base64: &str) -> Option<&'static str> {
    let head = base64.get(..16)?;
    let bytes = STANDARD.decode(head).ok()?;
    match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// Lets pass what a provider can be asked to fetch: public web pages, and files of Google's buckets. A
/// server of one's own would open its files, too, for whoever names them, and ask its neighbours.
///
/// # Errors
///
/// The address has another scheme, or none, or is one of the provider's own network.
pub(crate) fn fetchable<'u>(url: &'u str, param: &'static str) -> Result<&'u str, AiError> {
    let begins = |scheme: &str| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let reason = if begins("gs://") {
        return Ok(url);
    } else if !begins("https://") && !begins("http://") {
        "nothing but http(s) addresses can be fetched"
    } else if is_internal(url) {
        "addresses of internal networks cannot be fetched"
    } else {
        return Ok(url);
    };
    Err(AiError::invalid(reason).with_param(param))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_strange_schemes_are_not_fetched() {
        for url in ["https://a/b.png", "HTTP://a", "gs://bucket/a.png"] {
            assert_eq!(fetchable(url, "image_url").ok(), Some(url));
        }
        for url in [
            "file:///etc/passwd",
            "gopher://a",
            "ftp://a",
            "/etc/passwd",
            "httpx://a",
            "http://127.0.0.1/a.png",
            "",
            "ä",
        ] {
            let refused = fetchable(url, "image_url").unwrap_err();
            assert_eq!(refused.param(), Some("image_url"), "{url}");
        }
    }

    #[test]
    fn magic_bytes_decide() {
        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        assert_eq!(
            real_image_type(&encode(b"\x89PNG\r\n\x1a\n0000")),
            Some("image/png")
        );
        assert_eq!(
            real_image_type(&encode(b"\xff\xd8\xff\xe000000000")),
            Some("image/jpeg")
        );
        assert_eq!(
            real_image_type(&encode(b"RIFF0000WEBPVP8 ")),
            Some("image/webp")
        );
        assert_eq!(real_image_type(&encode(b"<svg xmlns='http")), None);
        assert_eq!(real_image_type("short"), None);
    }
}
