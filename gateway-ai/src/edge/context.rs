use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

use compact_str::{CompactString, format_compact};

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
    format_compact!("{prefix}{seconds:x}{nanos:08x}{number:x}")
}
