//! What came back: an answer, a stream, or an error – whatever the status says.

use std::mem;

use gateway_core::{Body, body::CollectError, turn};
use http::{HeaderMap, HeaderName, HeaderValue, header, response::Parts};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{
    array, invoked,
    payload::Payload,
    provider::Inner,
    routes::{Platform, Routes},
    sniff,
};
use crate::{
    body::whole,
    call::{
        AiCall, AiReply, Operation, ReplyBody, ReplyParts, ReplyStream, Settle, Whole, counted,
    },
    canonical::Usage,
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    models::Target,
};

/// What must be known about the request to read its answer.
pub(super) struct Context<'a> {
    pub(super) call: &'a AiCall,
    pub(super) target: &'a Target,
    pub(super) provider: &'a Inner,
    /// How it was spoken with.
    pub(super) wire: &'a Routes,
    /// What was sent, but for the body.
    pub(super) sent: Payload,
    pub(super) since: Instant,
}

impl Context<'_> {
    /// Puts what a failed attempt has used to the account of its target.
    fn charge(&self, usage: Option<Usage>) {
        if let Some(usage) = usage {
            settle(self.call, self.target, self.provider).count(usage);
        }
    }
}

fn settle(call: &AiCall, target: &Target, provider: &Inner) -> Settle {
    let price = provider.prices.of(target.name(), provider.kind);
    Settle::new(call.outcome().cloned(), target.name().clone()).with_price(price)
}

/// Reads what came back; of the context what the request lost on its way is taken.
pub(super) async fn answer(
    head: &Parts,
    body: Body,
    context: &mut Context<'_>,
) -> Result<AiReply, AiError> {
    let first_byte = turn::now().saturating_duration_since(context.since);
    let refusal;
    let body = if head.status.is_success() {
        refusal = None;
        success(head, body, context).await?
    } else {
        let bytes = whole(body, ERROR_LIMIT).await.unwrap_or_default();
        let dialect = context.wire.error_dialect(&bytes);
        let error = dialect.parse_error(head.status, &head.headers, &bytes);
        // What only the client can mend reaches it in the provider's own words, byte for byte.
        let speaks_it = context.call.dialect() == dialect && head.status.is_client_error();
        if !speaks_it || error.is_gateway_credential() || !is_in_words(&bytes) {
            context.charge(counted(dialect, &bytes));
            return Err(error);
        }
        refusal = Some(error);
        ReplyBody::Whole(Whole::opaque(bytes))
    };
    let (call, target, provider) = (context.call, context.target, context.provider);
    let sent = &mut context.sent;
    let (losses, restore) = (mem::take(&mut sent.losses), mem::take(&mut sent.restore));
    let mut settle = settle(call, target, provider);
    if let ReplyBody::Whole(whole) = &body
        && refusal.is_none()
        && let Some(usage) = whole.usage()
    {
        settle.count(usage.clone());
    }
    let dialect = context.wire.dialect;
    let parts = ReplyParts {
        dialect,
        status: head.status,
        headers: kept(&head.headers),
        verbatim: call.dialect() == dialect && restore.is_empty(),
        body,
        refusal,
        target: target.clone(),
        provider: provider.name.clone(),
        endpoint: provider.endpoint.clone(),
        first_byte,
        losses,
        restore,
        settle,
    };
    Ok(AiReply {
        parts: Box::new(parts),
    })
}

/// Whether an error's body says what is wrong in a way that clients of a dialect read. What stands before
/// a server tells it in pages for people, which are not passed to programs.
pub(super) fn is_in_words(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok_and(|raw| raw.get().starts_with(['{', '[']))
}

async fn success(
    head: &Parts,
    body: Body,
    context: &mut Context<'_>,
) -> Result<ReplyBody, AiError> {
    let dialect = context.wire.dialect;
    if let Some(coding) = head.headers.get(header::CONTENT_ENCODING)
        && coding != "identity"
    {
        return Err(malformed(
            "the provider's answer is compressed, which was not asked for",
        ));
    }
    let media = media_type(&head.headers);
    let mut body = body;
    let mut json = is_json(media);
    if json && context.call.is_stream() && context.call.operation() == Operation::Chat {
        let sniffed = sniff::first(body).await;
        let (first, whole) = sniffed.map_err(|_| broken_off())?;
        json = first.is_none_or(|byte| matches!(byte, b'{' | b'['));
        body = whole;
        // Servers that imitate Gemini forget what `alt` asked for.
        if dialect == Dialect::Gemini && first == Some(b'[') {
            (json, body) = (false, array::events(body));
        }
    }
    match context.call.operation() {
        Operation::Pass(_) if !json => return Ok(ReplyBody::Opaque(body)),
        // Some servers send streams with no media type or a wrong one.
        Operation::Chat
            if media.eq_ignore_ascii_case(b"text/event-stream")
                || (context.call.is_stream() && !json) =>
        {
            if context.wire.platform == Platform::Invoke {
                body = invoked::events(body);
            }
            let stream = ReplyStream::new(dialect, body, context.sent.hide_usage);
            return Ok(ReplyBody::Stream(Box::new(stream)));
        }
        _ => {}
    }
    let bytes = match whole(body, REPLY_LIMIT).await {
        Ok(bytes) => bytes,
        Err(CollectError::TooLarge { limit }) => {
            return Err(malformed(&format!(
                "the provider's answer exceeds {limit} bytes"
            )));
        }
        Err(_) => return Err(broken_off()),
    };
    if let Some(exotic) = &context.sent.exotic {
        return exotic
            .answer(&bytes)
            .map(ReplyBody::Whole)
            .ok_or_else(|| malformed("the provider's answer makes no sense"));
    }
    let whole = Whole::read(bytes, dialect, context.call, &context.sent.restore);
    whole.map(ReplyBody::Whole).map_err(|(error, usage)| {
        context.charge(usage.map(|usage| *usage));
        error
    })
}

fn broken_off() -> AiError {
    AiError::upstream(AiErrorKind::Truncated, "the provider's answer broke off")
}

fn malformed(message: &str) -> AiError {
    AiError::upstream(AiErrorKind::Malformed, message)
}

fn media_type(headers: &HeaderMap) -> &[u8] {
    let media = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let named = media.and_then(|media| media.split(|byte| *byte == b';').next());
    named.unwrap_or_default().trim_ascii()
}

/// Whether a media type is JSON or one of those that end in `+json`.
fn is_json(media: &[u8]) -> bool {
    let end = media.last_chunk();
    end.is_some_and(|end: &[u8; 4]| end.eq_ignore_ascii_case(b"json"))
}

/// Response headers that mean something to the client and nothing about the operator's account.
pub(super) fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    // A look-up costs more than comparing with the few names there are.
    for (name, value) in headers {
        if is_kept(name) && !kept.contains_key(name) {
            kept.insert(name.clone(), value.clone());
        }
    }
    kept
}

/// By text: most names differ in length from all of these.
fn is_kept(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "content-type"
            | "retry-after"
            | "retry-after-ms"
            | "x-should-retry"
            | "x-request-id"
            | "request-id"
            | "openai-processing-ms"
            | "x-amzn-requestid"
            // Amazon's clients know an exception by this name and by no other.
            | "x-amzn-errortype"
    )
}

/// Error bodies are read to tell one error from another; nobody needs more than this of them.
const ERROR_LIMIT: usize = 64 * 1024;
const REPLY_LIMIT: usize = 32 * 1024 * 1024;
