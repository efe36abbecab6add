use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD},
};

/// Decodes base64url as RFC 7515 §2 writes it: no padding, no white space, no stray bits.
///
/// One text for one value: with stray bits allowed, a token would have many spellings, and a list
/// of revoked ones would be of no use.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

const STRICT: GeneralPurpose = {
    let config: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(false);
    GeneralPurpose::new(&base64::alphabet::URL_SAFE, config)
};

/// Encodes, for tests and examples of what is accepted.
#[cfg(test)]
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STRICT.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_value() {
        assert_eq!(decode(b"_-8"), Some(vec![0xff, 0xef]));
        for text in ["_-9", "_-8=", "_-8==", "/+8", "_-8 ", "_-\n8", "A", "_-8\0"] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
