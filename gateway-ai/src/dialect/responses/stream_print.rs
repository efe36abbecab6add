use bytes::{BufMut, BytesMut};
use compact_str::CompactString;

use super::{
    echo, error,
    output::Item,
    stop::{self, End},
    stream_write::Line,
    usage,
};
use crate::{
    canonical::{Event, Extra, Start, Stop, Usage},
    dialect::{
        ReplyContext,
        common::{missed_counts, missed_tier},
    },
    error::{AiError, AiErrorKind},
    json::Writer,
    loss::Losses,
};

/// Writes a stream of response events.
///
/// Every item and part is announced, grown, and repeated whole when it is done, and the last event
/// repeats them all; what has been said is kept for that, within a bound.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    context: ReplyContext,
    head: Option<Head>,
    pub(super) line: Line,
    pub(super) items: Vec<Item>,
    pub(super) blocks: Vec<Open>,
    /// Token probabilities that belong to the text that comes next.
    pub(super) logprobs: String,
    kept: usize,
    usage: Option<Usage>,
    stop: Option<Stop>,
    pub(super) losses: Losses,
    done: bool,
}

/// What is the same in every mention of the answer.
#[derive(Debug)]
struct Head {
    id: String,
    model: String,
    created: u64,
    tier: Option<CompactString>,
    own: Extra,
}

/// A block that is being written.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u32,
    pub(super) item: usize,
    /// Its part of the item; none as long as nothing was said.
    pub(super) part: Option<usize>,
    /// Whether reasoning is a summary.
    pub(super) summary: bool,
}

/// How an answer stands.
#[derive(Clone, Copy)]
enum Status<'e> {
    InProgress,
    Ended(End),
    Failed(&'e AiError),
}

impl StreamPrinter {
    pub(in crate::dialect) fn new(context: ReplyContext) -> Self {
        Self {
            context,
            head: None,
            line: Line::default(),
            items: Vec::new(),
            blocks: Vec::new(),
            logprobs: String::new(),
            kept: 0,
            usage: None,
            stop: None,
            losses: Losses::new(),
            done: false,
        }
    }

    /// A printer that only gathers: for a whole answer.
    pub(super) fn silent(context: ReplyContext) -> Self {
        let mut printer = Self::new(context);
        printer.line.silent = true;
        printer
    }

    pub(in crate::dialect) fn losses(&self) -> &Losses {
        &self.losses
    }

    pub(in crate::dialect) fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.done {
            return;
        }
        match event {
            Event::Start(start) => self.start(start, out),
            Event::BlockStart {
                choice: 0,
                index,
                block,
            } => {
                self.ensure_start(out);
                self.block_start(*index, block, out);
            }
            Event::Delta {
                choice: 0,
                index,
                delta,
            } => {
                self.kept = self.kept.saturating_add(delta.len());
                if self.kept > LIMIT {
                    let message = "the answer is too large to be repeated at its end";
                    return self.error(&AiError::upstream(AiErrorKind::Malformed, message), out);
                }
                self.delta(*index, delta, out);
            }
            Event::BlockStop { choice: 0, index } => self.block_stop(*index, out),
            Event::Stop { choice: 0, stop } => {
                self.ensure_start(out);
                self.stop = Some(stop.clone());
            }
            Event::BlockStart { .. }
            | Event::Delta { .. }
            | Event::BlockStop { .. }
            | Event::Stop { .. } => self.losses.add("choices"),
            Event::ChoiceExtra {
                choice: 0,
                name,
                value,
            } if name == "logprobs" => self.take_logprobs(value),
            Event::ChoiceExtra { name, value, .. } => {
                if !value.is_null() {
                    self.losses.add_field("choice", name);
                }
            }
            Event::Usage(usage) => self.count(usage),
            Event::Ping => {
                if !self.line.silent {
                    out.put_slice(b": ping\n\n");
                }
            }
            Event::Error(error) => self.error(error, out),
            Event::End => self.end(out),
        }
    }

    fn count(&mut self, usage: &Usage) {
        self.usage
            .get_or_insert_with(Usage::default)
            .merge(usage.clone());
    }

    pub(in crate::dialect) fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        if self.head.is_some() {
            self.mention("response.failed", Status::Failed(error), out);
        } else {
            self.line.event(out, "error", |w| error::members(error, w));
        }
    }

    fn ensure_start(&mut self, out: &mut BytesMut) {
        if self.head.is_none() {
            self.start(&Start::default(), out);
        }
    }

    fn start(&mut self, start: &Start, out: &mut BytesMut) {
        if self.head.is_some() {
            return;
        }
        let context = &self.context;
        let given = if start.id.is_empty() {
            &*context.id
        } else {
            &start.id
        };
        let id = if given.starts_with("resp") {
            given.to_owned()
        } else {
            format!("resp_{given}")
        };
        let model = if context.model.is_empty() {
            &*start.model
        } else {
            &*context.model
        };
        let mut own = Extra::new();
        for (name, value) in start.extra.own() {
            own.push_own(name, value.clone());
        }
        for (name, value) in start.extra.iter() {
            if own.own().next().is_some() {
                own.push_own(name, value.clone());
            } else {
                self.losses.add_field("reply", name);
            }
        }
        let shown = tier(start.service_tier.as_deref());
        missed_tier(start.service_tier.as_deref(), shown, &mut self.losses);
        self.line.tail = id.split_once('_').map_or("", |(_, tail)| tail).to_owned();
        self.head = Some(Head {
            id,
            model: model.to_owned(),
            created: start.created.unwrap_or(context.created),
            tier: start.service_tier.clone(),
            own,
        });
        if let Some(usage) = &start.usage {
            self.count(usage);
        }
        self.mention("response.created", Status::InProgress, out);
        self.mention("response.in_progress", Status::InProgress, out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.ensure_start(out);
        self.finish_all(out);
        if !self.logprobs.is_empty() {
            self.losses.add("logprobs");
        }
        self.done = true;
        self.miss_counts();
        let end = stop::print(self.stop.as_ref(), &mut self.losses);
        let kind = match end {
            End::Completed => "response.completed",
            End::Incomplete(_) | End::Pending(_) => "response.incomplete",
        };
        self.mention(kind, Status::Ended(end), out);
    }

    /// Writes the whole answer and nothing else.
    pub(super) fn whole(mut self, out: &mut BytesMut) -> Losses {
        let nothing = &mut BytesMut::new();
        self.ensure_start(nothing);
        self.finish_all(nothing);
        self.miss_counts();
        let end = stop::print(self.stop.as_ref(), &mut self.losses);
        self.response(Status::Ended(end), &mut Writer::new(out));
        self.losses
    }

    /// Whether the answer was one of this dialect before: nobody else has fields of its own.
    fn is_own(&self) -> bool {
        let head = self.head.as_ref();
        head.is_some_and(|head| head.own.own().next().is_some())
    }

    fn miss_counts(&mut self) {
        if let (false, Some(counted)) = (self.is_own(), &self.usage) {
            missed_counts(counted, usage::SLOTS, &mut self.losses);
        }
    }

    /// An event that shows the answer as it stands.
    fn mention(&mut self, kind: &str, status: Status<'_>, out: &mut BytesMut) {
        if self.line.silent {
            return;
        }
        self.line.begin(out, kind);
        out.put_u8(b',');
        let w = &mut Writer::one_line(out);
        w.key("response");
        self.response(status, w);
        self.line.finish(out);
    }

    fn response(&self, status: Status<'_>, w: &mut Writer<'_>) {
        let Some(head) = &self.head else { return };
        let (word, reason, failure) = match status {
            Status::InProgress => ("in_progress", None, None),
            Status::Ended(End::Completed) => ("completed", None, None),
            Status::Ended(End::Incomplete(reason)) => ("incomplete", reason, None),
            Status::Ended(End::Pending(word)) => (word, None, None),
            Status::Failed(error) => ("failed", None, Some(error)),
        };
        w.begin_object();
        w.str_field("id", &head.id);
        w.str_field("object", "response");
        w.u64_field("created_at", head.created);
        w.str_field("status", word);
        w.key("error");
        match failure {
            None => w.null(),
            Some(failure) => w.object(|w| {
                w.str_field("code", error::code(failure));
                w.str_field("message", failure.client_message());
            }),
        }
        w.key("incomplete_details");
        match reason {
            None => w.null(),
            Some(reason) => w.object(|w| w.str_field("reason", reason)),
        }
        w.str_field("model", &head.model);
        w.array_field("output", |w| {
            let done = self.items.iter().filter_map(|item| item.done.as_deref());
            done.for_each(|item| w.raw(item));
        });
        let mut own = head.own.own().peekable();
        match (own.peek(), &self.context.echo) {
            (Some(_), _) => own.for_each(|(name, value)| w.raw_field(name, value)),
            (None, Some(echo)) => w.raw(echo),
            (None, None) => w.raw(echo::NOTHING),
        }
        w.opt_str("service_tier", tier(head.tier.as_deref()));
        w.key("usage");
        match self.usage.as_ref().filter(|_| word != "in_progress") {
            Some(counted) => usage::print(counted, self.is_own(), w),
            None => w.null(),
        }
        w.end_object();
    }
}

/// Anthropic's `standard` is OpenAI's `default`; its other tiers have no name here.
fn tier(tier: Option<&str>) -> Option<&str> {
    match tier {
        Some("standard") => Some("default"),
        Some("auto" | "default" | "flex" | "scale" | "priority" | "fast" | "ultrafast") => tier,
        _ => None,
    }
}

/// The most that is kept of an answer.
const LIMIT: usize = 32 * 1024 * 1024;
