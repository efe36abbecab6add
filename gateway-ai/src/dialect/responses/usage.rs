use super::wire;
use crate::{
    canonical::{Count, Extra, Usage},
    json::Writer,
};

/// Reads usage. The input count includes what was cached; the canonical classes are disjoint.
pub(super) fn parse(wire: wire::Usage<'_>) -> Usage {
    let count = |count: Option<Count>| count.and_then(Count::get);
    let input_details = wire.input_tokens_details.unwrap_or_default();
    let output_details = wire.output_tokens_details.unwrap_or_default();
    let mut extra = Extra::from_fields(wire.extra);
    extra.absorb(INPUT, input_details.extra);
    extra.absorb(OUTPUT, output_details.extra);
    let prompt = count(wire.input_tokens);
    let within = |count: Option<u64>, room: Option<u64>| match (count, room) {
        (Some(count), Some(room)) => Some(count.min(room)),
        (count, _) => count,
    };
    // More cached than there was is a vendor's slip: the input count is what is billed.
    let cache_read = within(count(input_details.cached_tokens), prompt);
    let room = prompt.map(|prompt| prompt - cache_read.unwrap_or(0));
    let cache_write = within(count(input_details.cache_write_tokens), room);
    Usage {
        input: room.map(|room| room - cache_write.unwrap_or(0)),
        cache_read,
        cache_write,
        output: count(wire.output_tokens),
        reasoning: count(output_details.reasoning_tokens),
        total: count(wire.total_tokens),
        extra,
        ..Usage::default()
    }
}

/// Reads the usage object of a whole reply on its own.
pub(in crate::dialect) fn read_usage(raw: &str) -> Option<Usage> {
    serde_json::from_str(raw).ok().map(parse)
}

/// The classes Responses has fields for.
pub(super) const SLOTS: &[&str] = &["usage.reasoning"];

/// Writes usage, with every field the SDKs' types require. `same` says that its unknown fields are
/// this dialect's.
pub(super) fn print(usage: &Usage, same: bool, w: &mut Writer<'_>) {
    let own = |prefix: &'static str| {
        let fields = usage.extra.all().filter(move |_| same);
        fields.filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    };
    let prompt = usage.prompt().unwrap_or(0);
    let output = usage.output.unwrap_or(0);
    w.object(|w| {
        w.u64_field("input_tokens", prompt);
        w.object_field("input_tokens_details", |w| {
            w.u64_field("cached_tokens", usage.cache_read.unwrap_or(0));
            // Its own clients count on it; older answers of this dialect had none.
            let written = usage.cache_write.filter(|count| *count > 0);
            w.opt_u64("cache_write_tokens", written.or((!same).then_some(0)));
            own(INPUT).for_each(|(name, value)| w.raw_field(name, value));
        });
        w.u64_field("output_tokens", output);
        w.object_field("output_tokens_details", |w| {
            w.u64_field("reasoning_tokens", usage.reasoning.unwrap_or(0));
            own(OUTPUT).for_each(|(name, value)| w.raw_field(name, value));
        });
        let total = usage.total.unwrap_or_else(|| prompt.saturating_add(output));
        w.u64_field("total_tokens", total);
        let whole = own("").filter(|(name, _)| !name.contains('.'));
        whole.for_each(|(name, value)| w.raw_field(name, value));
    });
}

const INPUT: &str = "input_tokens_details.";
const OUTPUT: &str = "output_tokens_details.";
