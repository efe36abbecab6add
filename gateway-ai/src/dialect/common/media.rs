use base64::{Engine as _, engine::general_purpose::STANDARD};

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

#[cfg(test)]
mod tests {
    use super::*;

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
