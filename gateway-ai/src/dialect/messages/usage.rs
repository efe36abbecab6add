use super::wire;
use crate::{
    canonical::{Count, Extra, Usage},
    json::Writer,
};

/// Reads usage. Anthropic's input count excludes what was cached, as the canonical classes do.
pub(in crate::dialect) fn parse(wire: wire::Usage<'_>) -> Usage {
    let count = |count: Option<Count>| count.and_then(Count::get);
    let creation = wire.cache_creation.unwrap_or_default();
    let extra = Extra::from_fields(wire.extra);
    let web_searches = extra
        .get("server_tool_use")
        .and_then(|raw| raw.read::<wire::ServerToolUse<'_>>().ok())
        .and_then(|tools| count(tools.web_search_requests));
    Usage {
        input: count(wire.input_tokens),
        cache_read: count(wire.cache_read_input_tokens),
        cache_write: count(wire.cache_creation_input_tokens),
        cache_write_5m: count(creation.short),
        cache_write_1h: count(creation.long),
        output: count(wire.output_tokens),
        reasoning: wire
            .output_tokens_details
            .and_then(|details| count(details.thinking_tokens)),
        web_searches,
        extra,
        ..Usage::default()
    }
}

/// Reads the usage object of a whole reply on its own.
pub(in crate::dialect) fn read_usage(raw: &str) -> Option<Usage> {
    serde_json::from_str(raw).ok().map(parse)
}

/// The classes Messages has fields for.
pub(super) const SLOTS: &[&str] = &["usage.reasoning", "usage.cache_write_1h"];

/// Writes usage. `same` says that its unknown fields are this dialect's; `tier` belongs here too.
pub(super) fn print(usage: &Usage, same: bool, tier: Option<&str>, w: &mut Writer<'_>) {
    w.begin_object();
    w.opt_u64("input_tokens", usage.input);
    w.opt_u64("cache_creation_input_tokens", usage.cache_write);
    w.opt_u64("cache_read_input_tokens", usage.cache_read);
    if usage.cache_write_5m.is_some() || usage.cache_write_1h.is_some() {
        w.object_field("cache_creation", |w| {
            let count = |tokens: Option<u64>| tokens.unwrap_or(0);
            w.u64_field("ephemeral_5m_input_tokens", count(usage.cache_write_5m));
            w.u64_field("ephemeral_1h_input_tokens", count(usage.cache_write_1h));
        });
    }
    w.u64_field("output_tokens", usage.output.unwrap_or(0));
    if let Some(thinking) = usage.reasoning {
        w.object_field("output_tokens_details", |w| {
            w.u64_field("thinking_tokens", thinking)
        });
    }
    w.opt_str("service_tier", tier);
    for (name, value) in usage.extra.iter().filter(|_| same) {
        w.raw_field(name, value);
    }
    if let (false, Some(searches)) = (same, usage.web_searches) {
        w.object_field("server_tool_use", |w| {
            w.u64_field("web_search_requests", searches);
            // Clients expect both counters wherever there is one.
            w.u64_field("web_fetch_requests", 0);
        });
    }
    w.end_object();
}
