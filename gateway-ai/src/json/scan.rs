//! Looking through text eight bytes at a time.
//!
//! Most strings are keys and words: a call of a vector search costs more than a few words do.

/// The place, from `at` on, of the next byte that may not stand in a JSON string as it is.
pub(super) fn escaped(text: &[u8], at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    let place = |rest: &[u8], found: usize| Some(text.len() - rest.len() + found);
    // A key ends in its first words; blocks are for prose.
    for _ in 0..2 {
        let Some((word, later)) = rest.split_first_chunk() else {
            break;
        };
        let found = marked(u64::from_le_bytes(*word));
        if found != 0 {
            return place(rest, first(found));
        }
        rest = later;
    }
    while let Some((block, later)) = rest.split_first_chunk::<64>()
        && !is_any_marked(block)
    {
        rest = later;
    }
    while let Some((word, later)) = rest.split_first_chunk() {
        let found = marked(u64::from_le_bytes(*word));
        if found != 0 {
            return place(rest, first(found));
        }
        rest = later;
    }
    let found = match text.last_chunk() {
        // The last eight bytes, without those that were looked at; the zeros that take their place
        // are found behind the rest, if nothing is found in it.
        Some(last) if !rest.is_empty() => {
            let word = u64::from_le_bytes(*last) >> (64 - 8 * rest.len());
            let found = first(marked(word));
            (found < rest.len()).then_some(found)
        }
        _ => rest.iter().position(|byte| must_be_escaped(*byte)),
    };
    place(rest, found?)
}

/// Whether any byte of a block must be escaped: the least of what is nothing for those bytes alone.
/// No early exit and no comparison – this way the compiler makes a few vector instructions of it.
fn is_any_marked(block: &[u8; 64]) -> bool {
    let least = block.iter().fold(u8::MAX, |least, byte| {
        let control = byte.saturating_sub(b' ' - 1);
        least.min(control).min(byte ^ b'"').min(byte ^ b'\\')
    });
    least == 0
}

/// Which bytes of a word must be escaped, as [`below`] says it.
const fn marked(word: u64) -> u64 {
    below(word, b' ') | equal(word, b'"') | equal(word, b'\\')
}

/// Whether all of a text may stand in a JSON string as it is.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    escaped(text, 0).is_none()
}

const fn must_be_escaped(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

/// Which bytes of a word are `byte`, as [`below`] says it.
pub(super) const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ repeat(byte), 1)
}

/// Which bytes of a word are below `limit`, which is at most 128: their high bits. Of the bytes above
/// the lowest such one it may be wrong.
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(repeat(limit)) & !word & repeat(0x80)
}

/// The place of the lowest byte whose high bit is set.
pub(super) const fn first(found: u64) -> usize {
    found.trailing_zeros() as usize / 8
}

const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            for (length, place) in [(1, 0), (7, 6), (8, 7), (15, 11), (40, 35), (70, 31)] {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                let expected = must_be_escaped(byte).then_some(place);
                assert_eq!(escaped(&text, 0), expected, "{byte} at {place} of {length}");
                assert_eq!(escaped(&text, place + 1), None);
            }
        }
    }

    proptest! {
        #[test]
        fn the_next_one_is_found(text in proptest::collection::vec(any::<u8>(), 0..100), at in 0_usize..120) {
            let rest = text.get(at..).unwrap_or_default();
            let expected = rest.iter().position(|byte| must_be_escaped(*byte));
            prop_assert_eq!(escaped(&text, at), expected.map(|found| at + found));
        }
    }
}
