use super::wire;
use crate::{
    canonical::{Count, Extra, Usage},
    dialect::common::missed_counts,
    json::Writer,
    loss::Losses,
};

/// Reads usage. Gemini's prompt count includes what was cached and excludes what tools added; its
/// candidates exclude thoughts.
pub(super) fn parse(wire: wire::Usage<'_>) -> Usage {
    let count = |count: Option<Count>| count.and_then(Count::get);
    let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    };
    let prompt_details = wire.prompt_details.unwrap_or_default();
    let output_details = wire.candidate_details.unwrap_or_default();
    let of = |details: &[wire::Modality<'_>], kind: &str| {
        let found = details.iter().find(|detail| {
            detail
                .modality
                .as_ref()
                .is_some_and(|modality| modality.0 == kind)
        })?;
        found.count?.get()
    };
    let prompt = add(count(wire.prompt), count(wire.tool_prompt));
    let cached =
        count(wire.cached).map(|cached| prompt.map_or(cached, |prompt| cached.min(prompt)));
    let thoughts = count(wire.thoughts);
    Usage {
        input: prompt.map(|prompt| prompt - cached.unwrap_or(0)),
        cache_read: cached,
        output: add(count(wire.candidates), thoughts),
        reasoning: thoughts,
        input_audio: of(&prompt_details, "AUDIO"),
        input_image: of(&prompt_details, "IMAGE"),
        output_audio: of(&output_details, "AUDIO"),
        output_image: of(&output_details, "IMAGE"),
        total: count(wire.total),
        extra: Extra::from_fields(wire.extra),
        ..Usage::default()
    }
}

/// Writes usage. `same` says that its unknown fields are this dialect's.
pub(super) fn print(usage: &Usage, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    let prompt = usage.prompt();
    // Part of the prompt count, but no longer told apart from it.
    if usage.cache_write.is_some_and(|written| written > 0) {
        losses.add("usage.cache_write");
    }
    if !same {
        missed_counts(usage, SLOTS, losses);
    }
    w.begin_object();
    w.opt_u64("promptTokenCount", prompt);
    w.opt_u64("cachedContentTokenCount", usage.cache_read);
    // Thoughts are part of the output; a vendor that counts more of them slips.
    let thoughts = usage
        .reasoning
        .map(|thoughts| thoughts.min(usage.output.unwrap_or(thoughts)));
    let spoken = usage
        .output
        .map(|all| all.saturating_sub(thoughts.unwrap_or(0)));
    w.opt_u64("candidatesTokenCount", spoken);
    w.opt_u64("thoughtsTokenCount", thoughts);
    w.opt_u64("totalTokenCount", usage.total());
    details(
        "promptTokensDetails",
        usage.input_audio,
        usage.input_image,
        w,
    );
    details(
        "candidatesTokensDetails",
        usage.output_audio,
        usage.output_image,
        w,
    );
    for (name, value) in usage.extra.iter().filter(|_| same) {
        w.raw_field(name, value);
    }
    w.end_object();
}

/// The classes Gemini has fields for, and a part of one it has none for.
const SLOTS: &[&str] = &[
    "usage.reasoning",
    "usage.input_audio",
    "usage.input_image",
    "usage.output_audio",
    "usage.output_image",
    "usage.cache_write_1h",
];

fn details(key: &'static str, audio: Option<u64>, image: Option<u64>, w: &mut Writer<'_>) {
    let counts = [("AUDIO", audio), ("IMAGE", image)];
    let counts: Vec<(&str, u64)> = counts
        .into_iter()
        .filter_map(|(kind, count)| Some((kind, count.filter(|n| *n > 0)?)))
        .collect();
    if counts.is_empty() {
        return;
    }
    w.array_field(key, |w| {
        for (kind, count) in counts {
            w.object(|w| {
                w.str_field("modality", kind);
                w.u64_field("tokenCount", count);
            });
        }
    });
}
