use bytes::BytesMut;

use super::block_print;
use crate::{
    canonical::{Block, OutputFormat, Raw, Request, Role, Shape, Text},
    dialect::{
        Dialect, MidSystem, Printed, Restore, Target,
        common::{
            CallIds, NameRules, Piece, Plan, Rules, Speaker, ToolNames, Turn, arrange,
            is_system_text,
        },
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a request for a provider.
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
            let restore = Restore::new(names, print.wrapped, print.schema_tool);
            Ok(Printed {
                losses: print.losses,
                restore,
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
    pub(super) plan: Plan,
    pub(super) losses: Losses,
    pub(super) names: ToolNames,
    pub(super) ids: CallIds,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
    pub(super) wrapped: Vec<String>,
    /// Cache marks of messages still to be left out: more than four in all are refused.
    pub(super) surplus_marks: usize,
    /// The forced tool that stands for a JSON Schema.
    pub(super) schema_tool: Option<String>,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Messages;
        let limit = if same { usize::MAX } else { 128 };
        let rules = NameRules {
            limit,
            also: if same { ".:/ " } else { "" },
            letter_first: false,
        };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        let mut losses = Losses::new();
        Self {
            request,
            target,
            plan: Plan::new(request, target, same, &mut losses),
            losses,
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            same,
            wrapped: Vec::new(),
            surplus_marks: 0,
            schema_tool: None,
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        if request.limits.candidates.is_some_and(|n| n > 1) {
            return Err(
                AiError::invalid("this provider gives one answer at a time; n must be 1")
                    .with_param("n"),
            );
        }
        self.emulate_schema();
        w.begin_object();
        w.str_field("model", &self.target.model);
        if request.limits.max_output_tokens.is_some() || !self.same {
            w.u64_field("max_tokens", self.plan.max_tokens);
        }
        self.system(w)?;
        self.messages(w)?;
        self.tools(w);
        self.choice(w);
        self.stop(&request.limits, w);
        self.sampling(&request.sampling, w);
        self.thinking(w);
        self.output_config(w);
        self.account(w);
        w.opt_bool("stream", request.stream.stream);
        self.extra(w);
        w.end_object();
        Ok(())
    }

    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        if let ([system], None) = (request.system.as_slice(), self.json_instruction())
            && let (Shape::Text, [Block::Text(text)]) = (system.shape, system.parts.as_slice())
            && (self.same || !text.text.is_empty())
        {
            self.lost_of_system();
            w.str_field("system", &text.text);
            return Ok(());
        }
        let hoisted = request.messages.iter().filter(|message| {
            matches!(message.role, Role::System(_)) && self.target.mid_system == MidSystem::Hoist
        });
        let parts: Vec<&Block> = (request.system.iter().flat_map(|system| &system.parts))
            .chain(hoisted.flat_map(|message| &message.content))
            .filter(|block| self.same || is_system_text(block, Dialect::Messages, &mut self.losses))
            .collect();
        self.lost_of_system();
        let instruction = self.json_instruction();
        let said = self.same && !request.system.is_empty();
        if parts.is_empty() && instruction.is_none() && !said {
            return Ok(());
        }
        w.key("system");
        w.begin_array();
        for block in parts {
            block_print::block(self, block, false, w)?;
        }
        if let Some(text) = instruction {
            // After the client's own text, so that its cached prefix stays the same.
            let text = Text {
                text: text.to_owned(),
                ..Text::default()
            };
            block_print::text(self, &text, false, w);
        }
        w.end_array();
        Ok(())
    }

    fn lost_of_system(&mut self) {
        for system in &self.request.system {
            if system.name.is_some() {
                self.losses.add("messages.name");
            }
            system
                .extra
                .iter()
                .for_each(|(name, _)| self.losses.add_field("messages", name));
        }
    }

    /// What stands for `json_object`, which Messages do not have.
    fn json_instruction(&self) -> Option<&'static str> {
        let wanted = matches!(self.request.output, Some(OutputFormat::JsonObject));
        wanted.then_some("Respond with a single JSON object and nothing else.")
    }

    fn messages(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let rules = Rules {
            same: self.same,
            thinks: self.plan.thinks(),
            is_sendable: block_print::is_sendable,
        };
        let turns = arrange(self.request, self.target, rules, &mut self.losses)?;
        // Tools and system text lie in front of every turn: their marks are worth most, and of the
        // turns' the last.
        if !self.same {
            self.surplus_marks = marks(self.request).saturating_sub(MAX_MARKS);
        }
        w.key("messages");
        w.begin_array();
        let last = turns.len().saturating_sub(1);
        for (position, turn) in turns.iter().enumerate() {
            let trim = position == last && turn.role == Speaker::Assistant;
            self.turn(turn, trim, w)?;
        }
        w.end_array();
        Ok(())
    }

    fn turn(&mut self, turn: &Turn<'_>, trim: bool, w: &mut Writer<'_>) -> Result<(), AiError> {
        w.begin_object();
        w.str_field("role", turn.role.as_str());
        w.key("content");
        if let (true, [Piece::Block(Block::Text(text))]) = (turn.is_bare(), &*turn.pieces) {
            w.string(if trim {
                text.text.trim_end()
            } else {
                &text.text
            });
        } else {
            w.begin_array();
            let last = turn.pieces.len().saturating_sub(1);
            for (position, piece) in turn.pieces.iter().enumerate() {
                self.piece(piece, trim && position == last, w)?;
            }
            w.end_array();
        }
        if let (true, Some(message)) = (self.same, turn.only) {
            message
                .extra
                .iter()
                .for_each(|(name, value)| w.raw_field(name, value));
        }
        w.end_object();
        Ok(())
    }

    fn piece(&mut self, piece: &Piece<'_>, trim: bool, w: &mut Writer<'_>) -> Result<(), AiError> {
        match piece {
            Piece::Block(block) => block_print::block(self, block, trim, w)?,
            Piece::Text(text) => w.object(|w| {
                w.str_field("type", "text");
                w.str_field("text", text);
            }),
            Piece::NoResult(id) => {
                let id = self.ids.get(id);
                w.object(|w| {
                    w.str_field("type", "tool_result");
                    w.str_field("tool_use_id", &id);
                    w.str_field("content", "No result: the call was interrupted.");
                    w.bool_field("is_error", true);
                });
            }
        }
        Ok(())
    }

    fn account(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if let (true, Some(metadata)) = (self.same, request.extra.get("metadata")) {
            w.raw_field("metadata", metadata);
        } else if let Some(user) = request.safety_identifier.as_ref().or(request.user.as_ref()) {
            w.object_field("metadata", |w| w.str_field("user_id", user));
        }
        match request.service_tier.as_deref() {
            Some(tier) if self.same || tier == "auto" => w.str_field("service_tier", tier),
            Some("default") => w.str_field("service_tier", "standard_only"),
            Some(_) => self.losses.add("service_tier"),
            None => {}
        }
    }

    fn extra(&mut self, w: &mut Writer<'_>) {
        for (name, value) in self.request.stream.extra.iter() {
            self.unknown("stream_options", name, value, w);
        }
        for (name, value) in self.request.extra.iter() {
            if !self.same || (name != "metadata" && !name.starts_with("output_config.")) {
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

/// The cache marks of a request, as far as they lie on blocks this dialect can carry.
fn marks(request: &Request) -> usize {
    let marked = |block: &&Block| block.cache().is_some();
    let system = request
        .system
        .iter()
        .flat_map(|system| &system.parts)
        .filter(marked)
        .count();
    let turns = request
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .filter(marked)
        .count();
    let tools = request
        .tools
        .iter()
        .filter(|tool| tool.cache.is_some())
        .count();
    tools + system + turns
}

const MAX_MARKS: usize = 4;
