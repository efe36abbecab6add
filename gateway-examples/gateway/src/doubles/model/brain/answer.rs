//! The answer.

use serde_json::Value;

use super::ask::Ask;
use super::prose;
use super::schema;
use super::seed::Seed;
use super::tokens::count_tokens;
use super::tokens::pieces;
use super::tools;

/// An answer that every dialect can print.
#[derive(Clone, Debug)]
pub(in crate::doubles::model) struct Answer {
    pub(in crate::doubles::model) blocks: Vec<Block>,
    pub(in crate::doubles::model) finish: Finish,
    /// What ids are made of.
    pub(in crate::doubles::model) seed: u64,
    /// Tokens of the whole prompt, from the cache or not.
    pub(in crate::doubles::model) prompt_tokens: u64,
    /// Of these, those read from the cache and those written to it.
    pub(in crate::doubles::model) cached: (u64, u64),
    /// Tokens of all blocks, thinking included.
    pub(in crate::doubles::model) completion_tokens: u64,
    /// Of these, those of thinking.
    pub(in crate::doubles::model) reasoning_tokens: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doubles::model) enum Block {
    Thinking(String),
    Text(String),
    /// `arguments` are JSON text, which the token limit may have cut.
    Call {
        name: String,
        arguments: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doubles::model) enum Finish {
    End,
    /// A stop sequence, and which.
    Stop(String),
    Length,
    Tool,
}

/// Answers the call; `candidate` tells apart several answers to one call.
pub(in crate::doubles::model) fn answer(ask: &Ask, candidate: u64) -> Answer {
    let mut seed = Seed::of(ask);
    for _ in 0..candidate {
        seed.next();
    }
    let id = seed.value();
    let (mut blocks, mut finish) = compose(ask, &mut seed);
    if let Some(stop) = apply_stops(&mut blocks, &ask.stops) {
        finish = Finish::Stop(stop);
    }
    if apply_limit(&mut blocks, ask.max_tokens) {
        finish = Finish::Length;
    }
    let reasoning = |block: &&Block| matches!(block, Block::Thinking(_));
    Answer {
        prompt_tokens: ask.prompt_tokens(),
        cached: ask.cached,
        completion_tokens: blocks.iter().map(Block::tokens).sum(),
        reasoning_tokens: blocks.iter().filter(reasoning).map(Block::tokens).sum(),
        blocks,
        finish,
        seed: id,
    }
}

/// What proves that thinking came from this model. It is base64, as some dialects demand.
pub(in crate::doubles::model) fn signature(thinking: &str) -> String {
    sealed(&format!("mock{:016x}", Seed::of_text(thinking).value()))
}

/// Whether a signature is this model's own, whatever was thought: not every dialect brings back
/// the thinking with it.
pub(in crate::doubles::model) fn is_signature(given: &str) -> bool {
    given
        .char_indices()
        .nth(SIGNED)
        .is_some_and(|(at, _)| given.starts_with("mock") && sealed(&given[..at]) == given)
}

fn sealed(signed: &str) -> String {
    format!("{signed}{:04x}", Seed::of_text(signed).value() & 0xffff)
}

impl Answer {
    /// An id that is the same for the same conversation.
    pub(in crate::doubles::model) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}", self.seed)
    }

    /// The id of the call in block `at`.
    pub(in crate::doubles::model) fn call_id(&self, prefix: &str, at: usize) -> String {
        format!("{prefix}{:016x}{at:02}", self.seed)
    }

    pub(in crate::doubles::model) fn total_tokens(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }
}

impl Block {
    pub(in crate::doubles::model) fn tokens(&self) -> u64 {
        match self {
            Self::Thinking(text) | Self::Text(text) => count_tokens(text),
            Self::Call { name, arguments } => count_tokens(name) + count_tokens(arguments),
        }
    }
}

fn compose(ask: &Ask, seed: &mut Seed) -> (Vec<Block>, Finish) {
    let user = ask.last_user_text();
    let mut blocks = Vec::new();
    if ask.thinking {
        blocks.push(Block::Thinking(prose::thought(&user, seed)));
    }
    let calls = tools::calls(ask, seed);
    if !calls.is_empty() {
        blocks.extend(calls.into_iter().map(|call| Block::Call {
            name: call.name,
            arguments: call.arguments.to_string(),
        }));
        return (blocks, Finish::Tool);
    }
    let results = ask.results();
    let text = match &ask.schema {
        Some(schema) => structured(schema, &user, seed).to_string(),
        None if !results.is_empty() => prose::about_results(&results, seed),
        None => prose::reply(&user, seed),
    };
    blocks.push(Block::Text(text));
    (blocks, Finish::End)
}

fn structured(schema: &Value, user: &str, seed: &mut Seed) -> Value {
    match schema.as_object() {
        Some(schema) if schema.is_empty() => serde_json::json!({ "answer": prose::sentence(seed) }),
        _ => schema::example(schema, None, user, seed),
    }
}

/// Cuts the text before the first stop sequence and tells which it was.
fn apply_stops(blocks: &mut [Block], stops: &[String]) -> Option<String> {
    for block in blocks {
        let Block::Text(text) = block else { continue };
        let hits = stops.iter().filter(|stop| !stop.is_empty());
        let first = hits
            .filter_map(|stop| Some((text.find(stop.as_str())?, stop)))
            .min();
        if let Some((at, stop)) = first {
            let stop = stop.clone();
            text.truncate(at);
            return Some(stop);
        }
    }
    None
}

/// Cuts the blocks at the limit and tells whether it had to.
fn apply_limit(blocks: &mut Vec<Block>, limit: Option<u64>) -> bool {
    let Some(mut left) = limit else {
        return false;
    };
    for at in 0..blocks.len() {
        let cost = blocks[at].tokens();
        if cost <= left {
            left -= cost;
            continue;
        }
        let keep = match &mut blocks[at] {
            Block::Thinking(text) | Block::Text(text) => cut(text, left),
            Block::Call { name, arguments } => {
                let name_cost = count_tokens(name);
                left >= name_cost && cut(arguments, left.saturating_sub(name_cost))
            }
        };
        blocks.truncate(at + usize::from(keep));
        return true;
    }
    false
}

const SIGNED: usize = "mock".len() + 16;

/// Keeps so many tokens of `text`; false when nothing is left.
fn cut(text: &mut String, tokens: u64) -> bool {
    let kept = pieces(text)
        .into_iter()
        .take(usize::try_from(tokens).unwrap_or(usize::MAX));
    let length = kept.map(str::len).sum();
    text.truncate(length);
    length > 0
}
