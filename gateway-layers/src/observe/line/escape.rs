//! What a client sends must not end a line, open a field or speak to a terminal.

/// Whether `byte` can stand in a quoted field as it is. Everything outside ASCII takes the slow way.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Characters that move the cursor, or reorder what a reader sees.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Appends `text` as the inside of a JSON string. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn json(out: &mut Vec<u8>, text: &[u8]) {
    if text.iter().all(|&byte| is_plain(byte)) {
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
    if text.iter().all(|&byte| is_plain(byte)) {
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
