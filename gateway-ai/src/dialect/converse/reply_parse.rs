use super::{block_parse, error, stop, usage, wire};
use crate::{
    canonical::{Choice, Extra, Reply},
    dialect::{
        Dialect,
        common::{read_json, unreadable},
    },
    error::{AiError, AiErrorKind},
};

/// Reads a provider's whole reply.
pub(in crate::dialect) fn parse_reply(body: &[u8]) -> Result<Reply, AiError> {
    let wire: wire::Reply<'_> = read_json(body).map_err(|error| unreadable(&error))?;
    let Some(message) = wire.output.and_then(|output| output.message) else {
        if let Some(message) = wire.message {
            let name = wire.kind.map(|kind| kind.0);
            return Err(error::exception(None, name.as_deref(), &message.0));
        }
        return Err(AiError::upstream(
            AiErrorKind::Malformed,
            "the reply has no content",
        ));
    };
    let content = block_parse::blocks(
        message.content.unwrap_or_default(),
        "output.message.content",
    )
    .map_err(|error| AiError::upstream(AiErrorKind::Malformed, error.message()))?;
    let mut reply = Reply::new(Dialect::Converse);
    reply.choices.push(Choice {
        content,
        stop: (wire.stop_reason).map(|raw| stop::parse(&raw, wire.additional.as_ref())),
        extra: Extra::from_fields(message.extra),
        ..Choice::default()
    });
    let metrics = wire.metrics;
    reply.usage = wire.usage.map(|counted| usage::parse(counted, metrics));
    reply.service_tier = (wire.service_tier)
        .and_then(|tier| tier.kind)
        .map(|kind| (*kind).into());
    reply.extra = Extra::from_fields(wire.extra);
    if let Some(additional) = wire.additional {
        let name = "additionalModelResponseFields";
        if stop::is_all(&additional) {
            reply.extra.push_own(name, additional);
        } else {
            reply.extra.push(name, additional);
        }
    }
    Ok(reply)
}
