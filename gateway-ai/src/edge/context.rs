use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::{
    call::AiCall,
    dialect::{Dialect, ReplyContext},
    error::AiError,
};

/// What a printer must know about the client.
///
/// # Errors
///
/// A client fault where the request cannot be parsed.
pub(super) fn of(call: &AiCall) -> Result<ReplyContext, AiError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut context = ReplyContext::for_request(call.request()?).with_identity(
        id(call.dialect(), now.subsec_nanos(), now.as_secs()),
        now.as_secs(),
    );
    // Four bytes to a token is close for prose and close enough for a number that the provider's
    // own count replaces at the end.
    context.input_estimate = call.wire().map(|wire| wire.bytes().len() as u64 / 4);
    Ok(context)
}

/// An id for an answer whose provider gave none: unique in this process, unguessable it need not be.
fn id(dialect: Dialect, nanos: u32, seconds: u64) -> CompactString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let prefix = match dialect {
        Dialect::Messages => "msg_",
        Dialect::Responses => "resp_",
        Dialect::Chat | Dialect::Gemini | Dialect::Converse => "chatcmpl-",
    };
    let mut id: SmallVec<[u8; LONGEST]> = SmallVec::from_slice(prefix.as_bytes());
    push_hex(&mut id, seconds, 1);
    push_hex(&mut id, u64::from(nanos), 8);
    push_hex(&mut id, number, 1);
    CompactString::from_utf8_lossy(&id)
}

/// `{number:x}`, with zeros in front up to `width`. Every translated answer has an id, and formatting
/// it costs as much as a few of its fields.
fn push_hex(out: &mut SmallVec<[u8; LONGEST]>, number: u64, width: u32) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(width);
    for place in (0..digits).rev() {
        let digit = number >> (4 * place) & 0xf;
        out.push(b"0123456789abcdef"[digit as usize]);
    }
}

/// A prefix, two numbers of sixteen digits and one of eight.
const LONGEST: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_spelled_as_usual() {
        for number in [0, 1, 9, 10, 255, 256, 0x0123_4567_89ab_cdef, u64::MAX] {
            let (mut short, mut wide) = (SmallVec::new(), SmallVec::new());
            push_hex(&mut short, number, 1);
            push_hex(&mut wide, number, 8);
            assert_eq!(*short, *format!("{number:x}").as_bytes());
            assert_eq!(*wide, *format!("{number:08x}").as_bytes());
        }
    }
}
