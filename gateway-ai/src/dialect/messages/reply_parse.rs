use super::{block_parse, error, stop, usage, wire};
use crate::{
    canonical::{Choice, Extra, Reply},
    dialect::{
        Dialect,
        common::{read_json, unreadable},
    },
    error::{AiError, AiErrorKind},
    json::Str,
};

/// Reads a provider's whole reply.
pub(in crate::dialect) fn parse_reply(body: &[u8]) -> Result<Reply, AiError> {
    let wire: wire::Reply<'_> = read_json(body).map_err(|error| unreadable(&error))?;
    if let Some(raw) = wire.error {
        return Err(error::parse_object(None, raw));
    }
    let Some(blocks) = wire.content else {
        return Err(AiError::upstream(
            AiErrorKind::Malformed,
            "the reply has no content",
        ));
    };
    let mut choice = Choice::default();
    choice.content.reserve_exact(blocks.len());
    for raw in blocks {
        let block = block_parse::block(raw, "content")
            .map_err(|error| AiError::upstream(AiErrorKind::Malformed, error.message()))?;
        choice.content.push(block);
    }
    let sequence = wire.stop_sequence.map(Str::into_owned);
    choice.stop = wire.stop_reason.map(|raw| stop::parse(&raw, sequence));
    let mut reply = Reply::new(Dialect::Messages);
    reply.id = wire.id.map(Str::into_owned).unwrap_or_default();
    reply.model = wire.model.map(Str::into_owned).unwrap_or_default();
    reply.service_tier = wire
        .usage
        .as_ref()
        .and_then(|usage| usage.service_tier.as_deref().map(Into::into));
    reply.usage = wire.usage.map(usage::parse);
    reply.extra = Extra::from_fields(wire.extra);
    reply.choices = vec![choice];
    Ok(reply)
}
