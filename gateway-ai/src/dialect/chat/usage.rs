use super::wire;
use crate::{
    canonical::{Count, Extra, Usage},
    dialect::common::missed_counts,
    json::Writer,
    loss::Losses,
};

/// Reads usage. Chat's prompt count includes what was cached; the canonical classes are disjoint.
pub(in crate::dialect) fn parse(wire: wire::Usage<'_>) -> Usage {
    let count = |count: Option<Count>| count.and_then(Count::get);
    let prompt_details = wire.prompt_tokens_details.unwrap_or_default();
    let output_details = wire.completion_tokens_details.unwrap_or_default();
    let mut extra = Extra::from_fields(wire.extra);
    let named = |names: &[&str]| {
        let mut names = names.iter().filter(|_| !extra.is_empty());
        names.find_map(|name| extra.get(name)?.read::<Count>().ok()?.get())
    };
    // DeepSeek, Moonshot, Mistral, and those that pass Anthropic's words on.
    let [cache_read_names @ .., cache_write_name, reasoning_name, _] = COUNTED;
    let cache_read = count(prompt_details.cached_tokens).or_else(|| named(cache_read_names));
    let cache_write =
        count(prompt_details.cache_write_tokens).or_else(|| named(&[cache_write_name]));
    let reasoning = count(output_details.reasoning_tokens).or_else(|| named(&[reasoning_name]));
    extra.make_own(|name| COUNTED.contains(&name));
    extra.absorb(PROMPT, prompt_details.extra);
    extra.absorb(OUTPUT, output_details.extra);
    extra.make_own(|name| name.ends_with("_details.text_tokens"));
    let prompt = count(wire.prompt_tokens);
    // More cached than there was is a vendor's slip: the prompt count is what is billed.
    let within = |count: Option<u64>, room: Option<u64>| match (count, room) {
        (Some(count), Some(room)) => Some(count.min(room)),
        (count, _) => count,
    };
    let cache_read = within(cache_read, prompt);
    let room = prompt.map(|prompt| prompt - cache_read.unwrap_or(0));
    let cache_write = within(cache_write, room);
    Usage {
        input: room.map(|room| room - cache_write.unwrap_or(0)),
        cache_read,
        cache_write,
        output: count(wire.completion_tokens),
        reasoning,
        input_audio: count(prompt_details.audio_tokens),
        input_image: count(prompt_details.image_tokens),
        output_audio: count(output_details.audio_tokens),
        output_image: count(output_details.image_tokens),
        accepted_prediction: count(output_details.accepted_prediction_tokens),
        rejected_prediction: count(output_details.rejected_prediction_tokens),
        total: count(wire.total_tokens),
        extra,
        ..Usage::default()
    }
}

/// Reads the usage object of a whole reply on its own.
pub(in crate::dialect) fn read_usage(raw: &str) -> Option<Usage> {
    serde_json::from_str(raw).ok().map(parse)
}

/// Other places for what has a name; the last is what is left of the prompt.
const COUNTED: &[&str; 7] = &[
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "num_cached_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "prompt_cache_miss_tokens",
];

/// The classes Chat has fields for.
const SLOTS: &[&str] = &[
    "usage.reasoning",
    "usage.input_audio",
    "usage.input_image",
    "usage.output_audio",
    "usage.output_image",
    "usage.accepted_prediction",
    "usage.rejected_prediction",
];

/// Writes usage. `same` says that its unknown fields are this dialect's.
pub(super) fn print(usage: &Usage, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    if !same {
        missed_counts(usage, SLOTS, losses);
    }
    let prompt = usage.prompt().unwrap_or(0);
    let output = usage.output.unwrap_or(0);
    w.begin_object();
    w.u64_field("prompt_tokens", prompt);
    w.u64_field("completion_tokens", output);
    w.u64_field(
        "total_tokens",
        usage.total.unwrap_or_else(|| prompt.saturating_add(output)),
    );
    details(
        w,
        "prompt_tokens_details",
        &usage.extra,
        same,
        &[
            ("cached_tokens", usage.cache_read),
            (
                "cache_write_tokens",
                usage.cache_write.filter(|count| same || *count > 0),
            ),
            ("audio_tokens", usage.input_audio),
            ("image_tokens", usage.input_image),
        ],
    );
    details(
        w,
        "completion_tokens_details",
        &usage.extra,
        same,
        &[
            ("reasoning_tokens", usage.reasoning),
            ("audio_tokens", usage.output_audio),
            ("image_tokens", usage.output_image),
            ("accepted_prediction_tokens", usage.accepted_prediction),
            ("rejected_prediction_tokens", usage.rejected_prediction),
        ],
    );
    for (name, value) in usage
        .extra
        .all()
        .filter(|(name, _)| same && !name.contains('.'))
    {
        w.raw_field(name, value);
    }
    w.end_object();
}

fn details(
    w: &mut Writer<'_>,
    key: &'static str,
    extra: &Extra,
    same: bool,
    counts: &[(&'static str, Option<u64>)],
) {
    let mut own = extra
        .all()
        .filter_map(|(name, value)| Some((name.strip_prefix(key)?.strip_prefix('.')?, value)))
        .filter(|_| same)
        .peekable();
    if own.peek().is_none() && counts.iter().all(|(_, count)| count.is_none()) {
        return;
    }
    w.key(key);
    w.begin_object();
    for (name, count) in counts {
        w.opt_u64(name, *count);
    }
    for (name, value) in own {
        w.raw_field(name, value);
    }
    w.end_object();
}

const PROMPT: &str = "prompt_tokens_details.";
const OUTPUT: &str = "completion_tokens_details.";
