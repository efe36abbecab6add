use bytes::BytesMut;

use super::{
    block_print::{self, mark},
    plan::{Plan, Thinking},
    turns::{self, Piece, Speaker, Turn},
};
use crate::{
    canonical::{
        Block, Limits, OutputFormat, Raw, Request, Role, Sampling, SchemaFormat, Shape, Text, Tool,
        ToolChoice, ToolKind,
    },
    dialect::{
        Dialect, MidSystem, Printed, Restore, Target, ThinkingSupport,
        common::{CallIds, NameRules, ToolNames},
        restore::WRAPPED_ARGUMENT,
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
            Ok(Printed { losses: print.losses, restore })
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// A request being written.
pub(super) struct Print<'r> {
    request: &'r Request,
    target: &'r Target,
    plan: Plan,
    pub(super) losses: Losses,
    pub(super) names: ToolNames,
    pub(super) ids: CallIds,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
    wrapped: Vec<String>,
    /// The forced tool that stands for a JSON Schema.
    schema_tool: Option<String>,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Messages;
        let limit = if same { usize::MAX } else { 128 };
        let rules = NameRules { limit, also: if same { ".:/ " } else { "" }, letter_first: false };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        let mut losses = Losses::new();
        Self {
            request,
            target,
            plan: Plan::new(request, target, &mut losses),
            losses,
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            same,
            wrapped: Vec::new(),
            schema_tool: None,
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        if request.limits.candidates.is_some_and(|n| n > 1) {
            return Err(AiError::invalid("this provider gives one answer at a time; n must be 1")
                .with_param("n"));
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
        let blank = |block: &&Block| block.as_text() == Some("");
        let parts: Vec<&Block> = (request.system.iter().flat_map(|system| &system.parts))
            .chain(hoisted.flat_map(|message| &message.content))
            .filter(|block| self.same || !blank(block))
            .collect();
        self.lost_of_system();
        let instruction = self.json_instruction();
        if parts.is_empty() && instruction.is_none() && !(self.same && !request.system.is_empty()) {
            return Ok(());
        }
        w.key("system");
        w.begin_array();
        for block in parts {
            block_print::block(self, block, false, w)?;
        }
        if let Some(text) = instruction {
            // After the client's own text, so that its cached prefix stays the same.
            let text = Text { text: text.to_owned(), ..Text::default() };
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
            system.extra.iter().for_each(|(name, _)| self.losses.add_field("messages", name));
        }
    }

    /// What stands for `json_object`, which Messages do not have.
    fn json_instruction(&self) -> Option<&'static str> {
        let wanted = matches!(self.request.output, Some(OutputFormat::JsonObject));
        wanted.then_some("Respond with a single JSON object and nothing else.")
    }

    fn messages(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let thinks = self.plan.thinks();
        let turns = turns::arrange(self.request, self.target, thinks, &mut self.losses)?;
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
        w.str_field("role", match turn.role {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
            Speaker::System => "system",
        });
        w.key("content");
        if let (true, [Piece::Block(Block::Text(text))]) = (turn.is_bare(), &*turn.pieces) {
            w.string(if trim { text.text.trim_end() } else { &text.text });
        } else {
            w.begin_array();
            let last = turn.pieces.len().saturating_sub(1);
            for (position, piece) in turn.pieces.iter().enumerate() {
                self.piece(piece, trim && position == last, w)?;
            }
            w.end_array();
        }
        if let (true, Some(message)) = (self.same, turn.only) {
            message.extra.iter().for_each(|(name, value)| w.raw_field(name, value));
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

    /// A forced tool stands for a schema the model cannot take, where nothing else is forced.
    fn emulate_schema(&mut self) {
        let Some(OutputFormat::JsonSchema(schema)) = &self.request.output else { return };
        if self.target.structured_output {
            return;
        }
        if !self.request.tools.is_empty() || self.plan.thinks() || schema.schema.is_none() {
            self.losses.add("response_format");
            return;
        }
        let name = schema.name.as_deref().unwrap_or("response");
        self.schema_tool = Some(self.names.get(name));
    }

    fn tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let allowed = match &request.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) => {
                self.losses.add("tool_choice.allowed_tools");
                Some(names)
            }
            _ => None,
        };
        let mut any = false;
        for tool in &request.tools {
            let foreign = matches!(&tool.kind, ToolKind::Server { dialect, .. }
                if *dialect != Dialect::Messages);
            if let (true, ToolKind::Server { kind, .. }) = (foreign, &tool.kind) {
                self.losses.add_field("tools", kind);
                continue;
            }
            if allowed.is_some_and(|names| !names.contains(&tool.name)) {
                continue;
            }
            if !std::mem::replace(&mut any, true) {
                w.key("tools");
                w.begin_array();
            }
            self.tool(tool, w);
        }
        if let (Some(name), Some(OutputFormat::JsonSchema(schema))) =
            (&self.schema_tool, &request.output)
        {
            w.array_field("tools", |w| {
                w.object(|w| {
                    w.str_field("name", name);
                    w.opt_str("description", schema.description.as_deref());
                    w.opt_raw("input_schema", schema.schema.as_ref());
                });
            });
        }
        if any {
            w.end_array();
        }
    }

    fn tool(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        if let ToolKind::Server { raw, .. } = &tool.kind {
            w.raw(raw.as_str());
            return;
        }
        let name = self.names.get(&tool.name);
        w.begin_object();
        w.str_field("name", &name);
        w.opt_str("description", tool.description.as_deref());
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                w.key("input_schema");
                object_schema(schema.as_ref(), self.same, w);
                let strict = strict.filter(|strict| self.same || *strict);
                w.opt_bool("strict", strict);
            }
            _ => {
                if matches!(&tool.kind, ToolKind::Custom { format: Some(_) }) {
                    self.losses.add("tools.custom.format");
                }
                w.key("input_schema");
                w.raw(WRAPPER_SCHEMA);
                self.wrapped.push(name);
            }
        }
        mark(tool.cache.as_ref(), w);
        for (name, value) in tool.extra.iter() {
            self.unknown("tools", name, value, w);
        }
        w.end_object();
    }

    fn choice(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let serial = request.parallel_tool_calls == Some(false);
        let mut kind = match &request.tool_choice {
            _ if self.schema_tool.is_some() => "tool",
            _ if request.tools.is_empty() && !self.same => {
                if let Some(ToolChoice::Required | ToolChoice::Tool { .. }) = request.tool_choice {
                    self.losses.add("tool_choice");
                }
                return;
            }
            Some(ToolChoice::Auto) => "auto",
            Some(ToolChoice::None) => "none",
            Some(ToolChoice::Required) => "any",
            Some(ToolChoice::Tool { .. }) => "tool",
            Some(ToolChoice::Allowed { required, .. }) => if *required { "any" } else { "auto" },
            Some(ToolChoice::Opaque { .. }) => {
                self.losses.add("tool_choice");
                "auto"
            }
            // Whether calls may be parallel is said inside the choice, so there must be one.
            None if serial => "auto",
            None => return,
        };
        if self.plan.thinks() && matches!(kind, "any" | "tool") && !self.same {
            self.losses.add("tool_choice");
            kind = "auto";
        }
        let name = match (&self.schema_tool, &request.tool_choice) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(ToolChoice::Tool { name })) => Some(self.names.get(name)),
            _ => None,
        };
        w.object_field("tool_choice", |w| {
            w.str_field("type", kind);
            w.opt_str("name", name.as_deref().filter(|_| kind == "tool"));
            let given = request.parallel_tool_calls.filter(|_| self.same || serial);
            w.opt_bool(
                "disable_parallel_tool_use",
                given.filter(|_| kind != "none").map(|parallel| !parallel),
            );
        });
    }

    fn stop(&mut self, limits: &Limits, w: &mut Writer<'_>) {
        let usable = |text: &&String| self.same || !text.trim().is_empty();
        let stops: Vec<&String> = limits.stop.iter().filter(usable).collect();
        if stops.len() < limits.stop.len() {
            self.losses.add("stop");
        }
        if !stops.is_empty() {
            w.array_field("stop_sequences", |w| stops.iter().for_each(|text| w.string(text)));
        }
    }

    fn sampling(&mut self, sampling: &Sampling, w: &mut Writer<'_>) {
        let thinks = self.plan.thinks() && !self.same;
        if let Some(temperature) = &sampling.temperature {
            let value = temperature.as_f64();
            if !self.target.sampling || (thinks && (value - 1.0).abs() > f64::EPSILON) {
                self.losses.add("temperature");
            } else if value > 1.0 && !self.same {
                self.losses.add("temperature");
                w.u64_field("temperature", 1);
            } else {
                w.opt_number("temperature", Some(temperature));
            }
        }
        if let Some(top_p) = &sampling.top_p {
            let both = sampling.temperature.is_some() && !self.target.temperature_and_top_p;
            if !self.target.sampling || both || (thinks && top_p.as_f64() < 0.95) {
                self.losses.add("top_p");
            } else {
                w.opt_number("top_p", Some(top_p));
            }
        }
        match &sampling.top_k {
            Some(_) if thinks || !self.target.sampling => self.losses.add("top_k"),
            top_k => w.opt_number("top_k", top_k.as_ref()),
        }
        let counts = [
            ("seed", sampling.seed.is_some()),
            ("frequency_penalty", nonzero(sampling.frequency_penalty.as_ref())),
            ("presence_penalty", nonzero(sampling.presence_penalty.as_ref())),
            ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|raw| raw.as_str() != "{}")),
            ("logprobs", sampling.logprobs == Some(true)),
            ("top_logprobs", nonzero(sampling.top_logprobs.as_ref())),
        ];
        counts.into_iter().filter(|(_, set)| *set).for_each(|(name, _)| self.losses.add(name));
    }

    fn thinking(&mut self, w: &mut Writer<'_>) {
        let Some(thinking) = self.plan.thinking else { return };
        let reasoning = self.request.reasoning.as_ref();
        let display = reasoning.and_then(|reasoning| reasoning.display.as_deref());
        w.begin_object_field("thinking");
        match thinking {
            Thinking::Enabled(budget) => {
                w.str_field("type", "enabled");
                w.u64_field("budget_tokens", budget);
            }
            Thinking::Adaptive => w.str_field("type", "adaptive"),
            Thinking::Disabled => w.str_field("type", "disabled"),
        }
        w.opt_str("display", display.filter(|_| thinking != Thinking::Disabled));
        if self.same && self.target.thinking == ThinkingSupport::Any {
            let extra = reasoning.into_iter().flat_map(|reasoning| reasoning.extra.iter());
            extra.for_each(|(name, value)| w.raw_field(name, value));
        }
        w.end_object();
    }

    fn output_config(&mut self, w: &mut Writer<'_>) {
        let own = |name: &str| name.strip_prefix("output_config.").map(str::to_owned);
        let extra: Vec<(String, &Raw)> = (self.request.extra.iter())
            .filter_map(|(name, value)| Some((own(name)?, value)))
            .filter(|_| self.same)
            .collect();
        let format = match &self.request.output {
            Some(OutputFormat::JsonSchema(schema)) if self.target.structured_output => Some(schema),
            Some(OutputFormat::JsonObject) => {
                self.losses.add("response_format.json_object");
                None
            }
            Some(OutputFormat::Opaque(_)) if !self.same => {
                self.losses.add("response_format");
                None
            }
            _ => None,
        };
        let opaque = match &self.request.output {
            Some(OutputFormat::Opaque(raw)) if self.same => Some(raw),
            _ => None,
        };
        if format.is_none() && opaque.is_none() && self.plan.effort.is_none() && extra.is_empty() {
            return;
        }
        w.begin_object_field("output_config");
        w.opt_str("effort", self.plan.effort.as_deref());
        w.opt_raw("format", opaque);
        if let Some(schema) = format {
            self.format(schema, w);
        }
        for (name, value) in extra {
            w.raw_field(&name, value);
        }
        w.end_object();
    }

    fn format(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        if schema.description.is_some() {
            self.losses.add("response_format.description");
        }
        w.begin_object_field("format");
        w.str_field("type", "json_schema");
        w.opt_raw("schema", schema.schema.as_ref());
        for (name, value) in schema.extra.iter() {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
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

fn nonzero(number: Option<&crate::canonical::Number>) -> bool {
    number.is_some_and(|number| number.as_f64() != 0.0)
}

/// Writes the schema of a tool's input, which must be an object's.
fn object_schema(schema: Option<&Raw>, same: bool, w: &mut Writer<'_>) {
    let text = schema.map_or("{}", Raw::as_str).trim();
    let typed = |text: &str| {
        serde_json::from_str::<std::collections::BTreeMap<String, serde::de::IgnoredAny>>(text)
            .is_ok_and(|fields| fields.contains_key("type"))
    };
    match text.strip_prefix('{').map(str::trim_start) {
        _ if same && schema.is_some() => w.raw(text),
        Some("}") | None => w.raw(r#"{"type":"object","properties":{}}"#),
        Some(_) if typed(text) => w.raw(text),
        Some(rest) => w.raw(&format!(r#"{{"type":"object",{rest}"#)),
    }
}

const WRAPPER_SCHEMA: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;
const _: () = assert!(WRAPPED_ARGUMENT.len() == 5, "the schema names the wrapped argument");
