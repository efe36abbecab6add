use std::collections::BTreeMap;

use crate::canonical::{Block, Delta, Event, Reply, Stop, StopReason};

/// What a request printer changed and the answer must change back.
///
/// Tool names a dialect does not allow are renamed, free-text tools are wrapped in a one-string
/// function, and a JSON Schema a model cannot take becomes a forced tool. The client must see none
/// of it: pass every event, or the whole reply, through here before printing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restore {
    /// Sent name → the client's name.
    names: BTreeMap<String, String>,
    /// Sent names of free-text tools wrapped as functions.
    wrapped: Vec<String>,
    /// The forced tool that stands for a JSON Schema.
    schema_tool: Option<String>,
    /// Blocks of the running stream that are being rewritten.
    open: Vec<Rewrite>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rewrite {
    choice: u32,
    index: u32,
    kind: RewriteKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RewriteKind {
    /// Argument text becomes answer text.
    Schema,
    /// Argument text is gathered, then unwrapped.
    Wrapped(String),
}

/// The one argument of a wrapped free-text tool.
pub(crate) const WRAPPED_ARGUMENT: &str = "input";

impl Restore {
    pub(crate) fn new(
        names: BTreeMap<String, String>,
        wrapped: Vec<String>,
        schema_tool: Option<String>,
    ) -> Self {
        Self {
            names,
            wrapped,
            schema_tool,
            open: Vec::new(),
        }
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.wrapped.is_empty() && self.schema_tool.is_none()
    }

    /// Changes a whole reply back.
    pub fn reply(&self, reply: &mut Reply) {
        if self.is_empty() {
            return;
        }
        for choice in &mut reply.choices {
            let mut unwrapped = false;
            for block in &mut choice.content {
                let Block::ToolCall(call) = block else {
                    continue;
                };
                if self.schema_tool.as_deref() == Some(call.name.as_str()) {
                    *block = Block::text(std::mem::take(&mut call.arguments));
                    unwrapped = true;
                    continue;
                }
                if self.wrapped.contains(&call.name) {
                    call.arguments = unwrap_argument(&call.arguments);
                    call.custom = true;
                }
                self.rename(&mut call.name);
            }
            if unwrapped {
                end_instead_of_tool(&mut choice.stop);
            }
        }
    }

    /// Changes one event of a stream back; more events may come out of one.
    pub fn event(&mut self, event: Event, out: &mut Vec<Event>) {
        if self.is_empty() {
            out.push(event);
            return;
        }
        match event {
            Event::BlockStart {
                choice,
                index,
                mut block,
            } => {
                if let Block::ToolCall(call) = &mut *block {
                    let kind = self.kind_of(&call.name);
                    self.rename(&mut call.name);
                    call.custom |= matches!(kind, Some(RewriteKind::Wrapped(_)));
                    if kind == Some(RewriteKind::Schema) {
                        *block = Block::text("");
                    }
                    self.open.extend(kind.map(|kind| Rewrite {
                        choice,
                        index,
                        kind,
                    }));
                }
                out.push(Event::BlockStart {
                    choice,
                    index,
                    block,
                });
            }
            Event::Delta {
                choice,
                index,
                delta,
            } => self.delta(choice, index, delta, out),
            Event::BlockStop { choice, index } => self.block_stop(choice, index, out),
            Event::Stop { choice, stop } => {
                let mut stop = Some(stop);
                if self.schema_tool.is_some() {
                    end_instead_of_tool(&mut stop);
                }
                out.extend(stop.map(|stop| Event::Stop { choice, stop }));
            }
            other => out.push(other),
        }
    }

    fn delta(&mut self, choice: u32, index: u32, delta: Delta, out: &mut Vec<Event>) {
        let open = self
            .open
            .iter_mut()
            .find(|open| (open.choice, open.index) == (choice, index));
        let delta = match (open.map(|open| &mut open.kind), delta) {
            (Some(RewriteKind::Schema), Delta::Arguments(text)) => Delta::Text(text),
            (Some(RewriteKind::Wrapped(gathered)), Delta::Arguments(text)) => {
                gathered.push_str(&text);
                return;
            }
            (_, delta) => delta,
        };
        out.push(Event::Delta {
            choice,
            index,
            delta,
        });
    }

    fn block_stop(&mut self, choice: u32, index: u32, out: &mut Vec<Event>) {
        let position = self
            .open
            .iter()
            .position(|open| (open.choice, open.index) == (choice, index));
        if let Some(position) = position
            && let RewriteKind::Wrapped(gathered) = self.open.swap_remove(position).kind
        {
            let delta = Delta::Arguments(unwrap_argument(&gathered).into());
            out.push(Event::Delta {
                choice,
                index,
                delta,
            });
        }
        out.push(Event::BlockStop { choice, index });
    }

    fn kind_of(&self, name: &str) -> Option<RewriteKind> {
        if self.schema_tool.as_deref() == Some(name) {
            Some(RewriteKind::Schema)
        } else if self.wrapped.iter().any(|wrapped| wrapped == name) {
            Some(RewriteKind::Wrapped(String::new()))
        } else {
            None
        }
    }

    fn rename(&self, name: &mut String) {
        if let Some(original) = self.names.get(name.as_str()) {
            name.clone_from(original);
        }
    }
}

fn end_instead_of_tool(stop: &mut Option<Stop>) {
    if let Some(stop) = stop
        && stop.reason == StopReason::ToolUse
    {
        *stop = Stop::new(StopReason::End);
    }
}

/// The free text inside a wrapped call; text that is not the wrapper is handed on as it is.
fn unwrap_argument(arguments: &str) -> String {
    serde_json::from_str::<BTreeMap<String, String>>(arguments)
        .ok()
        .and_then(|mut fields| fields.remove(WRAPPED_ARGUMENT))
        .unwrap_or_else(|| arguments.to_owned())
}
