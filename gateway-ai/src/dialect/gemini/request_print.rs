use std::collections::HashMap;

use bytes::BytesMut;

use super::{
    parts_print,
    turns::{self, Piece, Turn},
};
use crate::{
    canonical::{Block, Raw, Request, Role, Text, Tool, ToolKind},
    dialect::{
        Dialect, MidSystem, Printed, Restore, Target,
        common::{NameRules, ToolNames},
        restore::WRAPPED_ARGUMENT,
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a request for a provider. Model and stream belong in the URL.
pub(in crate::dialect) fn print_request(
    request: &Request,
    target: &Target,
    out: &mut BytesMut,
) -> Result<Printed, AiError> {
    let start = out.len();
    let mut print = Print::new(request, target);
    match print.body(&mut Writer::new(out)) {
        Ok(()) => {
            let names = print.names.into_restore();
            Ok(Printed {
                losses: print.losses,
                restore: Restore::new(names, print.wrapped, None),
            })
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// A request being written.
pub(super) struct Print<'r> {
    pub(super) request: &'r Request,
    pub(super) target: &'r Target,
    pub(super) losses: Losses,
    pub(super) names: ToolNames,
    /// The name of each call, which results repeat.
    pub(super) called: HashMap<&'r str, &'r str>,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
    wrapped: Vec<String>,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Gemini;
        let limit = if same { usize::MAX } else { 64 };
        let also = if same { ".:/ " } else { ".:" };
        let rules = NameRules {
            limit,
            also,
            letter_first: !same,
        };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        let blocks = request.messages.iter().flat_map(|message| &message.content);
        let called = blocks.filter_map(|block| match block {
            Block::ToolCall(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        });
        Self {
            request,
            target,
            losses: Losses::new(),
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            called: called.collect(),
            same,
            wrapped: Vec::new(),
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        w.begin_object();
        self.system(w)?;
        self.contents(w)?;
        self.tools(w);
        self.choice(w);
        self.config(w);
        self.account();
        self.extra(w);
        w.end_object();
        Ok(())
    }

    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        let hoisted = request.messages.iter().filter(|message| {
            matches!(message.role, Role::System(_)) && self.target.mid_system == MidSystem::Hoist
        });
        let filled = |block: &&Block| self.same || block.as_text() != Some("");
        let parts: Vec<&Block> = (request.system.iter().flat_map(|system| &system.parts))
            .chain(hoisted.flat_map(|message| &message.content))
            .filter(filled)
            .filter(|block| self.same || turns::is_sendable(block, &mut self.losses))
            .collect();
        for system in &request.system {
            if system.name.is_some() {
                self.losses.add("messages.name");
            }
            if !self.same {
                system
                    .extra
                    .iter()
                    .for_each(|(name, _)| self.losses.add_field("messages", name));
            }
        }
        let said = self.same && !request.system.is_empty();
        if parts.is_empty() && !said {
            return Ok(());
        }
        w.begin_object_field("systemInstruction");
        for (name, value) in request.system.iter().flat_map(|system| system.extra.iter()) {
            if self.same {
                w.raw_field(name, value);
            }
        }
        w.key("parts");
        w.begin_array();
        for block in parts {
            parts_print::part(self, block, false, w)?;
        }
        w.end_array();
        w.end_object();
        Ok(())
    }

    fn contents(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let turns = turns::arrange(self.request, self.target, &mut self.losses)?;
        w.key("contents");
        w.begin_array();
        for turn in &turns {
            self.turn(turn, w)?;
        }
        w.end_array();
        Ok(())
    }

    fn turn(&mut self, turn: &Turn<'_>, w: &mut Writer<'_>) -> Result<(), AiError> {
        w.begin_object();
        w.str_field("role", if turn.is_model { "model" } else { "user" });
        w.key("parts");
        w.begin_array();
        let mut first_call = true;
        for piece in &turn.pieces {
            match piece {
                Piece::Block(block) => {
                    let is_call = matches!(block, Block::ToolCall(_));
                    parts_print::part(self, block, is_call && first_call, w)?;
                    first_call &= !is_call;
                }
                Piece::Text(text) => {
                    let text = Text {
                        text: text.clone(),
                        ..Text::default()
                    };
                    parts_print::part(self, &Block::Text(text), false, w)?;
                }
            }
        }
        w.end_array();
        if let (true, Some(message)) = (self.same, turn.only) {
            message
                .extra
                .iter()
                .for_each(|(name, value)| w.raw_field(name, value));
        }
        w.end_object();
        Ok(())
    }

    /// All functions go into one entry; each server tool is one of its own.
    fn tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let is_server = |tool: &&Tool| matches!(tool.kind, ToolKind::Server { .. });
        let functions = request.tools.iter().filter(|tool| !is_server(tool)).count();
        let mut open = false;
        let mut begin = |w: &mut Writer<'_>| {
            if !std::mem::replace(&mut open, true) {
                w.key("tools");
                w.begin_array();
            }
        };
        if functions > 0 {
            begin(w);
            w.begin_object();
            w.key("functionDeclarations");
            w.begin_array();
            for tool in request.tools.iter().filter(|tool| !is_server(tool)) {
                self.function(tool, w);
            }
            w.end_array();
            w.end_object();
        }
        for tool in &request.tools {
            match &tool.kind {
                ToolKind::Server {
                    dialect: Dialect::Gemini,
                    raw,
                    ..
                } => {
                    begin(w);
                    w.raw(raw.as_str());
                }
                ToolKind::Server { kind, .. } => self.losses.add_field("tools", kind),
                _ => {}
            }
        }
        if open {
            w.end_array();
        }
    }

    fn function(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        let name = self.names.get(&tool.name);
        w.begin_object();
        w.str_field("name", &name);
        w.opt_str("description", tool.description.as_deref());
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                if *strict == Some(true) {
                    self.losses.add("tools.strict");
                }
                if tool.extra.get("parameters").is_none() {
                    w.opt_raw("parametersJsonSchema", schema.as_ref());
                }
            }
            kind => {
                if matches!(kind, ToolKind::Custom { format: Some(_) }) {
                    self.losses.add("tools.custom.format");
                }
                w.object_field("parametersJsonSchema", |w| {
                    w.str_field("type", "object");
                    w.object_field("properties", |w| {
                        w.object_field(WRAPPED_ARGUMENT, |w| w.str_field("type", "string"));
                    });
                    w.array_field("required", |w| w.string(WRAPPED_ARGUMENT));
                });
                self.wrapped.push(name);
            }
        }
        if tool.cache.is_some() {
            self.losses.add("cache_control");
        }
        for (name, value) in tool.extra.iter() {
            self.unknown("tools", name, value, w);
        }
        w.end_object();
    }

    /// What belongs to the account or to a bill has no slot.
    fn account(&mut self) {
        let request = self.request;
        let set = [
            (
                "user",
                request.user.is_some() || request.safety_identifier.is_some(),
            ),
            (
                "service_tier",
                request
                    .service_tier
                    .as_deref()
                    .is_some_and(|tier| tier != "auto"),
            ),
            (
                "parallel_tool_calls",
                request.parallel_tool_calls == Some(false),
            ),
        ];
        set.into_iter()
            .filter(|(_, set)| *set)
            .for_each(|(name, _)| self.losses.add(name));
    }

    fn extra(&mut self, w: &mut Writer<'_>) {
        for (name, value) in self.request.stream.extra.iter() {
            self.unknown("stream_options", name, value, w);
        }
        for (name, value) in self.request.extra.iter() {
            if !self.same || !name.starts_with("generationConfig.") {
                self.unknown("", name, value, w);
            }
        }
    }

    /// Writes an unknown field again, or reports it.
    pub(super) fn unknown(&mut self, place: &str, name: &str, value: &Raw, w: &mut Writer<'_>) {
        if self.same {
            w.raw_field(name, value);
        } else {
            self.losses.add_field(place, name);
        }
    }
}
