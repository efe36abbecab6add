use std::collections::BTreeMap;

use super::wire;
use crate::{
    canonical::{Count, Extra, Raw, Usage},
    dialect::common::missed_counts,
    json::Writer,
    loss::Losses,
};

/// Reads usage, and the metrics of the call beside it. As in Messages, what was read from or written
/// to the cache is not part of the input.
pub(super) fn parse(wire: wire::Usage<'_>, metrics: Option<Raw>) -> Usage {
    let count = |count: Option<Count>| count.and_then(Count::get);
    let details = wire.details.unwrap_or_default();
    let written = |ttl: &str| {
        let found = details.iter().find(|d| d.ttl.as_deref() == Some(ttl))?;
        found.tokens?.get()
    };
    let mut extra = Extra::from_fields(wire.extra);
    // The older names of the same counts.
    extra.make_own(|name| name.ends_with("InputTokenCount"));
    if let Some(metrics) = metrics {
        if is_time(&metrics) {
            extra.push_own(METRICS, metrics);
        } else {
            extra.push(METRICS, metrics);
        }
    }
    Usage {
        input: count(wire.input),
        cache_read: count(wire.cache_read),
        cache_write: count(wire.cache_write),
        cache_write_5m: written("5m"),
        cache_write_1h: written("1h"),
        output: count(wire.output),
        total: count(wire.total),
        extra,
        ..Usage::default()
    }
}

/// Whether metrics hold nothing but how long the call took, which says nothing outside this dialect.
fn is_time(metrics: &Raw) -> bool {
    let fields = metrics.read::<BTreeMap<String, serde::de::IgnoredAny>>();
    fields.is_ok_and(|fields| fields.keys().all(|name| name == "latencyMs"))
}

/// Reads the counts of a reply, or of the event that carries them.
pub(in crate::dialect) fn read_usage(raw: &str) -> Option<Usage> {
    let event: wire::StreamEvent<'_> = serde_json::from_str(raw).ok()?;
    event.usage.map(|counted| parse(counted, event.metrics))
}

/// Writes `usage` and `metrics`. `same` says that the unknown fields are this dialect's.
pub(super) fn print(usage: &Usage, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    if !same {
        missed_counts(usage, &["usage.cache_write_1h"], losses);
    }
    w.object_field("usage", |w| {
        w.u64_field("inputTokens", usage.input.unwrap_or(0));
        w.u64_field("outputTokens", usage.output.unwrap_or(0));
        w.u64_field("totalTokens", usage.total().unwrap_or(0));
        w.opt_u64("cacheReadInputTokens", usage.cache_read);
        w.opt_u64("cacheWriteInputTokens", usage.cache_write);
        let written = [("5m", usage.cache_write_5m), ("1h", usage.cache_write_1h)];
        if written.iter().any(|(_, tokens)| tokens.is_some()) {
            w.array_field("cacheDetails", |w| {
                for (ttl, tokens) in written {
                    let Some(tokens) = tokens else { continue };
                    w.object(|w| {
                        w.str_field("ttl", ttl);
                        w.u64_field("inputTokens", tokens);
                    });
                }
            });
        }
        let own = usage
            .extra
            .all()
            .filter(|(name, _)| same && *name != METRICS);
        own.for_each(|(name, value)| w.raw_field(name, value));
    });
    match usage.extra.get(METRICS).filter(|_| same) {
        Some(metrics) => w.raw_field(METRICS, metrics),
        // The API promises the object and the number in it, and strict clients refuse an answer
        // that lacks either.
        None => w.object_field(METRICS, |w| w.u64_field("latencyMs", 0)),
    }
}

/// What Converse measures of a call; kept with its counts, since no other dialect has a word for it.
const METRICS: &str = "metrics";
