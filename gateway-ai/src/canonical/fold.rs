use std::collections::BTreeMap;

use super::{Block, Choice, Delta, Event, Raw, Reply, Stop, Text, Usage};
use crate::{
    dialect::Dialect,
    error::{AiError, AiErrorKind},
};

/// Gathers a stream into the [`Reply`] a non-streamed call would have given.
///
/// Memory is bounded by `limit` bytes of content; beyond it the fold fails rather than grow.
#[derive(Debug)]
pub struct Fold {
    reply: Reply,
    choices: BTreeMap<u32, Folding>,
    state: State,
    room: usize,
}

#[derive(Debug, Default)]
struct Folding {
    blocks: BTreeMap<u32, Open>,
    stop: Option<Stop>,
    extra: Vec<(compact_str::CompactString, Raw)>,
}

#[derive(Debug)]
struct Open {
    block: Block,
    citations: Vec<Raw>,
    /// What an opaque block grew by: argument text, and fields that replace its own.
    input: String,
    fields: Vec<Raw>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Running,
    Ended,
    Failed(AiError),
}

impl Fold {
    /// An empty reply of a dialect, of at most `limit` bytes of content.
    #[must_use]
    pub fn new(source: Dialect, limit: usize) -> Self {
        Self {
            reply: Reply::new(source),
            choices: BTreeMap::new(),
            state: State::Running,
            room: limit,
        }
    }

    /// Takes the next event. After the last one, further events are ignored.
    pub fn push(&mut self, event: Event) {
        if self.state != State::Running {
            return;
        }
        match event {
            Event::Start(start) => {
                self.reply.id = start.id;
                self.reply.model = start.model;
                self.reply.created = start.created;
                self.reply.service_tier = start.service_tier;
                self.reply.extra = start.extra;
                self.reply.usage = start.usage.map(|usage| *usage);
            }
            Event::BlockStart {
                choice,
                index,
                block,
            } => {
                self.charge(64);
                let open = Open::new(*block);
                self.choice(choice).blocks.insert(index, open);
            }
            Event::Delta {
                choice,
                index,
                delta,
            } => {
                self.charge(delta.len());
                if let Some(open) = self.choice(choice).blocks.get_mut(&index) {
                    open.push(delta);
                }
            }
            Event::BlockStop { .. } | Event::Ping => {}
            Event::ChoiceExtra {
                choice,
                name,
                value,
            } => {
                self.charge(value.as_str().len());
                self.choice(choice).extra.push((name, value));
            }
            Event::Stop { choice, stop } => self.choice(choice).stop = Some(stop),
            Event::Usage(usage) => {
                self.reply
                    .usage
                    .get_or_insert_with(Usage::default)
                    .merge(*usage);
            }
            Event::Error(error) => self.state = State::Failed(error),
            Event::End => self.state = State::Ended,
        }
    }

    fn choice(&mut self, index: u32) -> &mut Folding {
        self.choices.entry(index).or_default()
    }

    fn charge(&mut self, bytes: usize) {
        match self.room.checked_sub(bytes) {
            Some(room) => self.room = room,
            None => {
                let error = AiError::upstream(AiErrorKind::Malformed, "the reply is too large");
                self.state = State::Failed(error);
            }
        }
    }

    /// The reply.
    ///
    /// # Errors
    ///
    /// The stream's error, or a truncation where neither end nor error was seen.
    pub fn finish(mut self) -> Result<Reply, AiError> {
        match self.state {
            State::Ended => {}
            State::Failed(error) => return Err(error),
            State::Running => {
                return Err(AiError::upstream(
                    AiErrorKind::Truncated,
                    "the stream ended before the answer did",
                ));
            }
        }
        self.reply.choices = self.choices.into_iter().map(Folding::into_choice).collect();
        Ok(self.reply)
    }
}

impl Folding {
    fn into_choice((index, folding): (u32, Self)) -> Choice {
        let mut choice = Choice {
            index,
            stop: folding.stop,
            ..Choice::default()
        };
        choice.content = folding.blocks.into_values().map(Open::into_block).collect();
        for (name, value) in folding.extra {
            if name == "logprobs" {
                choice.logprobs = Some(match choice.logprobs.take() {
                    Some(earlier) => join_logprobs(&earlier, &value).unwrap_or(value),
                    None => value,
                });
            } else {
                choice.extra.take(&name);
                choice.extra.push(name, value);
            }
        }
        choice
    }
}

/// Joins the lists of two `logprobs` objects, key by key.
fn join_logprobs(earlier: &Raw, later: &Raw) -> Option<Raw> {
    let mut joined: serde_json::Map<String, serde_json::Value> = earlier.read().ok()?;
    let later: serde_json::Map<String, serde_json::Value> = later.read().ok()?;
    for (name, value) in later {
        match (joined.get_mut(&name), value) {
            (Some(serde_json::Value::Array(have)), serde_json::Value::Array(more)) => {
                have.extend(more);
            }
            (Some(have), more) if !more.is_null() => *have = more,
            (Some(_), _) => {}
            (None, more) => {
                joined.insert(name, more);
            }
        }
    }
    Some(Raw::from_value(&serde_json::Value::Object(joined)))
}

impl Open {
    fn new(block: Block) -> Self {
        Self {
            block,
            citations: Vec::new(),
            input: String::new(),
            fields: Vec::new(),
        }
    }

    fn push(&mut self, delta: Delta) {
        match (&mut self.block, delta) {
            (Block::Text(block), Delta::Text(text)) => block.text.push_str(&text),
            (Block::Text(_), Delta::Citation(citation)) => self.citations.push(citation),
            (Block::Thinking(block), Delta::Thinking(text)) => block.text.push_str(&text),
            (Block::Thinking(block), Delta::Signature(signature)) => {
                block.signature = Some(signature);
            }
            (Block::Text(block), Delta::Signature(signature)) => block.signature = Some(signature),
            (Block::ToolCall(block), Delta::Signature(signature)) => {
                block.signature = Some(signature);
            }
            (Block::ToolCall(block), Delta::Arguments(text)) => block.arguments.push_str(&text),
            (Block::Refusal(block), Delta::Refusal(text)) => block.text.push_str(&text),
            (Block::Audio(block), Delta::Audio(more)) => {
                if let super::AudioSource::Data { data, .. } = &mut block.source {
                    data.push_str(&more);
                }
            }
            (Block::Audio(block), Delta::Transcript(text)) => {
                block.transcript.get_or_insert_default().push_str(&text);
            }
            (Block::Opaque(_), Delta::Arguments(text)) => self.input.push_str(&text),
            (Block::Opaque(_), Delta::Opaque(fields)) => self.fields.push(fields),
            // A delta of another kind than its block is the parser's bug; dropping it keeps the
            // rest of the answer.
            _ => {}
        }
    }

    fn into_block(mut self) -> Block {
        if let Block::Opaque(opaque) = &mut self.block
            && let Some(raw) = grown(&opaque.raw, &self.input, &self.fields)
        {
            opaque.raw = raw;
        }
        if let Block::Text(Text { citations, .. }) = &mut self.block
            && !self.citations.is_empty()
        {
            let list: Vec<&str> = self.citations.iter().map(Raw::as_str).collect();
            *citations = Raw::bounded(&format!("[{}]", list.join(","))).ok();
        }
        self.block
    }
}

/// An opaque block with its gathered input and fields in place; `None` if it did not grow.
fn grown(raw: &Raw, input: &str, fields: &[Raw]) -> Option<Raw> {
    if input.is_empty() && fields.is_empty() {
        return None;
    }
    let mut block: BTreeMap<String, Raw> = raw.read().ok()?;
    if let Ok(input) = Raw::new(input) {
        block.insert("input".to_owned(), input);
    }
    for delta in fields {
        let delta: BTreeMap<String, Raw> = delta.read().ok()?;
        block.extend(delta.into_iter().filter(|(name, _)| name != "type"));
    }
    let spelled: Vec<String> = block
        .iter()
        .map(|(name, value)| {
            format!(
                "{}:{}",
                serde_json::Value::from(name.as_str()),
                value.as_str()
            )
        })
        .collect();
    Raw::bounded(&format!("{{{}}}", spelled.join(","))).ok()
}

impl Delta {
    /// The number of bytes it carries.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text)
            | Self::Thinking(text)
            | Self::Arguments(text)
            | Self::Refusal(text)
            | Self::Transcript(text) => text.len(),
            Self::Signature(text) | Self::Audio(text) => text.len(),
            Self::Citation(raw) | Self::Opaque(raw) => raw.as_str().len(),
        }
    }

    /// Whether it carries nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
