use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use bytes::BytesMut;
use gateway_ai::{
    canonical::{Block, Fold, Reply, StopReason, unfold},
    dialect::{Dialect, ReplyContext},
    loss::Losses,
};
use serde::Deserialize;
use serde_json::Value;

use super::{DIALECTS, table, table::Grid};

/// One thing a model may answer, as each dialect's providers send it.
#[derive(Debug, Deserialize)]
struct Feature {
    feature: String,
    /// What every spelling of it must be understood to say.
    says: Vec<String>,
    /// Why a dialect has no spelling.
    #[serde(default)]
    cannot: String,
    #[serde(flatten)]
    spellings: BTreeMap<String, Spelling>,
}

#[derive(Debug, Deserialize)]
struct Spelling {
    whole: Value,
    /// Events; of Converse the messages in base64.
    stream: String,
}

impl Spelling {
    fn stream(&self, dialect: Dialect) -> Vec<u8> {
        if dialect == Dialect::Converse {
            let base64 = base64::engine::general_purpose::STANDARD;
            return base64.decode(&self.stream).unwrap();
        }
        self.stream.clone().into_bytes()
    }
}

fn features() -> Vec<Feature> {
    serde_json::from_str(include_str!("replies.json")).unwrap()
}

fn context() -> ReplyContext {
    let mut context = ReplyContext::default().with_identity("id_1", 1);
    context.include_usage = true;
    context
}

fn read(dialect: Dialect, body: &[u8]) -> Reply {
    dialect
        .parse_reply(body)
        .unwrap_or_else(|error| panic!("{dialect}: {error}: {}", String::from_utf8_lossy(body)))
}

fn events(dialect: Dialect, body: &[u8]) -> Vec<gateway_ai::canonical::Event> {
    let mut parser = dialect.stream_parser();
    let mut events = Vec::new();
    parser.push(body, &mut events);
    parser.finish(&mut events);
    events
}

fn folded(dialect: Dialect, events: Vec<gateway_ai::canonical::Event>) -> Reply {
    let mut fold = Fold::new(dialect, usize::MAX);
    events.into_iter().for_each(|event| fold.push(event));
    fold.finish()
        .unwrap_or_else(|error| panic!("{dialect}: {error}"))
}

/// A reply as a client of `to` gets it, whole and streamed, and what each has lost.
fn whole_to(reply: &Reply, to: Dialect) -> (Reply, Losses) {
    let mut out = BytesMut::new();
    let losses = to.print_reply(reply, &context(), &mut out);
    (read(to, &out), losses)
}

fn streamed_to(events: &[gateway_ai::canonical::Event], to: Dialect) -> (Reply, Losses) {
    let mut printer = to.stream_printer(context());
    let mut out = BytesMut::new();
    for event in events {
        printer.push(event, &mut out);
    }
    let losses = printer.losses().clone();
    (folded(to, self::events(to, &out)), losses)
}

fn facts(reply: &Reply) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let mut text = String::new();
    for choice in &reply.choices {
        for block in &choice.content {
            match block {
                Block::Text(block) => text.push_str(&block.text),
                Block::Refusal(refusal) => {
                    facts.insert(format!("refusal {}", refusal.text));
                }
                Block::Thinking(thinking) => {
                    if !thinking.text.is_empty() {
                        facts.insert(format!("thinking {}", thinking.text));
                    }
                    if let Some(signature) = &thinking.signature {
                        // A dialect without a field for the signer writes it before the proof.
                        let (_, proof) = signature.rsplit_once(':').unwrap_or(("", signature));
                        facts.insert(format!("thinking signed {proof}"));
                    }
                }
                Block::RedactedThinking(_) => {
                    facts.insert("redacted".to_owned());
                }
                Block::ToolCall(call) => {
                    let value: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| {
                        assert!(call.arguments.is_empty(), "{}", call.arguments);
                        Value::Object(serde_json::Map::new())
                    });
                    facts.insert(format!("call {} {} {value}", call.id, call.name));
                    if let Some(signature) = &call.signature {
                        facts.insert(format!("call signed {signature}"));
                    }
                }
                other => {
                    facts.insert(format!("{other:?}"));
                }
            }
        }
        if let Some(stop) = &choice.stop {
            facts.insert(format!("ended {}", end(stop.reason)));
            if let Some(sequence) = &stop.sequence {
                facts.insert(format!("stopped by {sequence}"));
            }
        }
    }
    if !text.is_empty() {
        facts.insert(format!("text {text}"));
    }
    let usage = reply.usage.clone().unwrap_or_default();
    for (name, count) in [
        ("prompt", usage.prompt()),
        ("output", usage.output),
        ("cache read", usage.cache_read.filter(|count| *count > 0)),
        ("cache write", usage.cache_write.filter(|count| *count > 0)),
        ("reasoning", usage.reasoning.filter(|count| *count > 0)),
    ] {
        if let Some(count) = count {
            facts.insert(format!("{name} {count}"));
        }
    }
    facts
}

const fn end(reason: StopReason) -> &'static str {
    match reason {
        StopReason::End => "end",
        StopReason::StopSequence => "stop_sequence",
        StopReason::Length => "length",
        StopReason::ContextFull => "context",
        StopReason::ToolUse => "tool",
        StopReason::Filter | StopReason::Refusal => "filter",
        StopReason::Recitation => "recitation",
        StopReason::MalformedCall => "malformed",
        StopReason::Pause => "pause",
        _ => "other",
    }
}

/// Whether a name accounts for what is missing.
fn excused(fact: &str, losses: &Losses) -> bool {
    let said = |start: &str| losses.iter().any(|loss| loss.starts_with(start));
    let (kind, _) = fact.split_once(' ').unwrap_or((fact, ""));
    match kind {
        "thinking" => said("thinking"),
        "redacted" => said("redacted_thinking") || said("thinking"),
        "ended" => said("stop_reason"),
        "stopped" => said("stop_sequence"),
        "call" if fact.starts_with("call signed") => said("tool_call.signature"),
        "call" => said("tool_call"),
        "cache" | "reasoning" => said("usage."),
        _ => false,
    }
}

/// What is no loss: the nearest word of a dialect that has fewer.
fn nearest(fact: &str, after: &BTreeSet<String>) -> bool {
    let near = |other: &str| after.contains(other);
    match fact {
        "ended stop_sequence" => near("ended end"),
        "ended context" => near("ended length"),
        "ended recitation" => near("ended filter"),
        _ => fact
            .strip_prefix("refusal ")
            .is_some_and(|words| near(&format!("text {words}"))),
    }
}

fn check(
    name: &str,
    before: &BTreeSet<String>,
    (after, losses): &(Reply, Losses),
    wrong: &mut Vec<String>,
) {
    let after = facts(after);
    for fact in before.difference(&after) {
        if !excused(fact, losses) && !nearest(fact, &after) {
            wrong.push(format!(
                "{name}: lost {fact:?}, reported [{losses}], has {after:?}"
            ));
        }
    }
}

fn cell(feature: &Feature, to: Dialect, from: Dialect, wrong: &mut Vec<String>) -> String {
    let Some(spelling) = feature.spellings.get(from.as_str()) else {
        return "–".to_owned();
    };
    let whole = read(from, spelling.whole.to_string().as_bytes());
    let stream = events(from, &spelling.stream(from));
    let before = facts(&whole);
    let name = format!("{from}→{to} {}", feature.feature);
    let (as_whole, as_stream) = (whole_to(&whole, to), streamed_to(&stream, to));
    check(&name, &before, &as_whole, wrong);
    check(&format!("{name}, streamed"), &before, &as_stream, wrong);
    // A client that asked for the other form gets it from a fold or an unfold.
    let unfolded = streamed_to(&unfold(whole), to);
    check(&format!("{name}, unfolded"), &before, &unfolded, wrong);
    let refolded = whole_to(&folded(from, stream), to);
    check(&format!("{name}, folded"), &before, &refolded, wrong);
    let (whole, stream) = (table::cell(&as_whole.1), table::cell(&as_stream.1));
    if whole == stream {
        whole
    } else {
        format!("{whole}; streamed: {stream}")
    }
}

/// The tables of what models may answer, and every loss nobody was told of.
pub(crate) fn grids() -> (Vec<Grid>, Vec<String>) {
    let mut wrong = Vec::new();
    let grids = features().into_iter().map(|feature| {
        Grid::new(&feature.feature, &feature.cannot, |to, from| {
            cell(&feature, to, from, &mut wrong)
        })
    });
    (grids.collect(), wrong)
}

#[test]
fn each_spelling_says_what_it_is_for_whole_and_streamed() {
    for feature in features() {
        let all = DIALECTS
            .iter()
            .all(|d| feature.spellings.contains_key(d.as_str()));
        assert!(all || !feature.cannot.is_empty(), "{}", feature.feature);
        for dialect in DIALECTS {
            let Some(spelling) = feature.spellings.get(dialect.as_str()) else {
                continue;
            };
            let whole = facts(&read(dialect, spelling.whole.to_string().as_bytes()));
            for fact in &feature.says {
                assert!(
                    whole.contains(fact),
                    "{} in {dialect} does not say {fact:?} but {whole:#?}",
                    feature.feature
                );
            }
            let streamed = facts(&folded(dialect, events(dialect, &spelling.stream(dialect))));
            assert_eq!(streamed, whole, "{} in {dialect}", feature.feature);
        }
    }
}

#[test]
fn nothing_is_lost_in_silence() {
    let (_, wrong) = grids();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
