//! base64 in pieces. No I/O.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Buf as _, Bytes, BytesMut};

/// Encodes one chunk so that it can be decoded at once: a message must not wait for the next one to
/// fill its last group of three bytes. What is written is a sequence of padded texts, which is what
/// the protocol says and its clients read.
pub(super) fn encode(chunk: &[u8]) -> Bytes {
    STANDARD.encode(chunk).into()
}

/// Decodes a sequence of padded texts that may be cut anywhere. Holds at most three characters.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    carry: BytesMut,
}

/// The text is not base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotBase64;

impl Decoder {
    pub(super) fn decode(&mut self, chunk: &[u8]) -> Result<Bytes, NotBase64> {
        self.carry.extend_from_slice(chunk);
        let whole = self.carry.len() / 4 * 4;
        let mut decoded = Vec::with_capacity(whole / 4 * 3);
        let mut left = whole;
        while left > 0 {
            let padding = self.carry[..left].iter().position(|byte| *byte == b'=');
            let end = padding.map_or(left, |at| (at / 4 + 1) * 4);
            STANDARD
                .decode_vec(&self.carry[..end], &mut decoded)
                .map_err(|_| NotBase64)?;
            self.carry.advance(end);
            left -= end;
        }
        Ok(decoded.into())
    }

    /// Whether nothing is left of a group that was begun.
    pub(super) fn is_complete(&self) -> bool {
        self.carry.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_base64_is_refused() {
        for wrong in ["a===", "ab=c", "====", "a b c", "YQ==\n\n\n\n", "ab\0d"] {
            let mut decoder = Decoder::default();
            let refused = decoder.decode(wrong.as_bytes()) == Err(NotBase64);
            assert!(refused || !decoder.is_complete(), "{wrong:?}");
        }
    }

    proptest! {
        /// However the texts and the pieces of them are cut, the bytes are the same.
        #[test]
        fn cut_anywhere(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cut in 1_usize..9,
        ) {
            let text: Vec<u8> = chunks.iter().flat_map(|chunk| encode(chunk)).collect();
            let mut decoder = Decoder::default();
            let mut decoded = Vec::new();
            for piece in text.chunks(cut) {
                decoded.extend(decoder.decode(piece).unwrap());
            }
            prop_assert!(decoder.is_complete());
            prop_assert_eq!(decoded, chunks.concat());
        }

        #[test]
        fn no_text_panics(text in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..9) {
            let mut decoder = Decoder::default();
            for piece in text.chunks(cut) {
                if decoder.decode(piece).is_err() {
                    break;
                }
                prop_assert!(decoder.carry.len() < 4);
            }
        }
    }
}
