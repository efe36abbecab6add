//! What a client sends must not end a line, open a field or speak to a terminal.

/// Whether `byte` can stand in a quoted field as it is. Everything outside ASCII takes the slow way.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Whether all of it can stand as it is. Fields are short and many: eight bytes at once, the last
/// ones overlapping those before.
fn all_plain(text: &[u8]) -> bool {
    let word = |from: &[u8; 8]| words_plain(u64::from_le_bytes(*from));
    if let Some(last) = text.last_chunk() {
        return text.as_chunks().0.iter().all(word) && word(last);
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            words_plain(u64::from(first) << 32 | u64::from(last))
        }
        _ => text.iter().all(|&byte| is_plain(byte)),
    }
}

/// Whether eight bytes are plain. Borrows and carries come from bytes alone that are not.
const fn words_plain(word: u64) -> bool {
    const fn repeat(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(repeat(limit)) & !word
    }
    let quote = below(word ^ repeat(b'"'), 1) | below(word ^ repeat(b'\\'), 1);
    let outside = below(word, b' ') | word | word.wrapping_add(repeat(1));
    (quote | outside) & repeat(0x80) == 0
}

/// Characters that move the cursor, or reorder what a reader sees.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Appends `text` as the inside of a JSON string. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn json(out: &mut Vec<u8>, text: &[u8]) {
    if all_plain(text) {
        out.extend_from_slice(text);
        return;
    }
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            c if is_unsafe(c) => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes())
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends `text` as the inside of a quoted field of the Common Log Format, as Apache escapes it.
pub(super) fn common(out: &mut Vec<u8>, text: &[u8]) {
    if all_plain(text) {
        out.extend_from_slice(text);
        return;
    }
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            byte if is_plain(byte) => out.push(byte),
            byte => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            for (length, place) in [
                (1, 0),
                (3, 2),
                (4, 0),
                (5, 4),
                (6, 1),
                (7, 3),
                (8, 7),
                (9, 0),
                (19, 11),
                (24, 23),
            ] {
                let mut text = vec![b'~'; length];
                text[place] = byte;
                assert_eq!(
                    all_plain(&text),
                    is_plain(byte),
                    "{byte} at {place} of {length}"
                );
            }
        }
        assert!(all_plain(b""));
    }
}
