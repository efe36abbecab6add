use bytes::BytesMut;

use super::message_print;
use crate::{
    canonical::{
        Limits, OutputFormat, Reasoning, ReasoningMode, Request, Sampling, SchemaFormat, Tool,
        ToolChoice, ToolKind,
    },
    dialect::{
        Dialect, MaxTokensField, Printed, Restore, Target, ThinkingSupport,
        common::{CallIds, NameRules, ToolNames, effort_of_budget},
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
            Ok(Printed { losses: print.losses, restore: Restore::new(names, Vec::new(), None) })
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
    pub(super) ids: CallIds,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Chat;
        let limit = if same { usize::MAX } else { 64 };
        let also = if same { ".:/ " } else { "" };
        let rules = NameRules { limit, also, letter_first: false };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        Self {
            request,
            target,
            losses: Losses::new(),
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            same,
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        w.begin_object();
        w.str_field("model", &self.target.model);
        w.key("messages");
        w.begin_array();
        message_print::messages(self, w)?;
        w.end_array();
        self.tools(w);
        self.limits(&request.limits, w);
        self.sampling(&request.sampling, w);
        if let Some(output) = &request.output {
            self.output(output, w);
        }
        if let Some(reasoning) = &request.reasoning {
            self.reasoning(reasoning, w);
        }
        self.account(w);
        self.stream(w);
        self.extra(w);
        w.end_object();
        Ok(())
    }

    fn tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if self.same && request.legacy_functions {
            self.legacy_tools(w);
            return;
        }
        let mut any = false;
        for tool in &request.tools {
            if let ToolKind::Server { dialect, kind, .. } = &tool.kind
                && *dialect != Dialect::Chat
            {
                self.losses.add_field("tools", kind);
                continue;
            }
            if !std::mem::replace(&mut any, true) {
                w.key("tools");
                w.begin_array();
            }
            self.tool(tool, w);
        }
        if any {
            w.end_array();
        }
        if let Some(choice) = &request.tool_choice {
            self.choice(choice, any, w);
        }
        if any || self.same {
            w.opt_bool("parallel_tool_calls", request.parallel_tool_calls);
        }
    }

    fn tool(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        if let ToolKind::Server { raw, .. } = &tool.kind {
            w.raw(raw.as_str());
            return;
        }
        w.begin_object();
        let (kind, prefix) = match tool.kind {
            ToolKind::Custom { .. } => ("custom", "custom."),
            _ => ("function", "function."),
        };
        w.str_field("type", kind);
        w.key(kind);
        w.begin_object();
        self.function(tool, prefix, w);
        w.end_object();
        self.mark(tool.cache.as_ref(), w);
        for (name, value) in tool.extra.iter().filter(|(name, _)| !name.starts_with(prefix)) {
            self.unknown("tools", name, value, w);
        }
        w.end_object();
    }

    /// The object inside a tool, or one of the legacy `functions`.
    fn function(&mut self, tool: &Tool, prefix: &str, w: &mut Writer<'_>) {
        w.str_field("name", &self.names.get(&tool.name));
        w.opt_str("description", tool.description.as_deref());
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                w.opt_raw("parameters", schema.as_ref());
                w.opt_bool("strict", *strict);
            }
            ToolKind::Custom { format } => w.opt_raw("format", format.as_ref()),
            ToolKind::Server { .. } => {}
        }
        for (name, value) in tool.extra.iter() {
            if let Some(name) = name.strip_prefix(prefix) {
                self.unknown("tools", name, value, w);
            }
        }
    }

    fn legacy_tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if !request.tools.is_empty() {
            w.key("functions");
            w.begin_array();
            for tool in &request.tools {
                w.begin_object();
                self.function(tool, "function.", w);
                w.end_object();
            }
            w.end_array();
        }
        match &request.tool_choice {
            Some(ToolChoice::Tool { name }) => {
                w.object_field("function_call", |w| w.str_field("name", name));
            }
            Some(ToolChoice::None) => w.str_field("function_call", "none"),
            Some(_) => w.str_field("function_call", "auto"),
            None => {}
        }
    }

    fn choice(&mut self, choice: &ToolChoice, any: bool, w: &mut Writer<'_>) {
        if !any && !self.same {
            // OpenAI refuses a choice without tools; that none may be called is then said anyway.
            if !matches!(choice, ToolChoice::None | ToolChoice::Auto) {
                self.losses.add("tool_choice");
            }
            return;
        }
        match choice {
            ToolChoice::Auto => w.str_field("tool_choice", "auto"),
            ToolChoice::None => w.str_field("tool_choice", "none"),
            ToolChoice::Required => w.str_field("tool_choice", "required"),
            ToolChoice::Tool { name } => {
                w.key("tool_choice");
                self.named(name, w);
            }
            ToolChoice::Allowed { required, names } => {
                w.key("tool_choice");
                w.begin_object();
                w.str_field("type", "allowed_tools");
                w.key("allowed_tools");
                w.begin_object();
                w.str_field("mode", if *required { "required" } else { "auto" });
                w.key("tools");
                w.begin_array();
                names.iter().for_each(|name| self.named(name, w));
                w.end_array();
                w.end_object();
                w.end_object();
            }
            ToolChoice::Opaque { dialect: Dialect::Chat, raw } => w.raw_field("tool_choice", raw),
            ToolChoice::Opaque { .. } => self.losses.add("tool_choice"),
        }
    }

    fn named(&mut self, name: &str, w: &mut Writer<'_>) {
        let custom = self
            .request
            .tools
            .iter()
            .any(|tool| tool.name == name && matches!(tool.kind, ToolKind::Custom { .. }));
        let kind = if custom { "custom" } else { "function" };
        let name = self.names.get(name);
        w.object(|w| {
            w.str_field("type", kind);
            w.object_field(kind, |w| w.str_field("name", &name));
        });
    }

    fn limits(&mut self, limits: &Limits, w: &mut Writer<'_>) {
        if let Some(mut limit) = limits.max_output_tokens {
            if let Some(most) = self.target.max_output_tokens.filter(|most| limit > *most) {
                limit = most;
                self.losses.add("max_tokens");
            }
            let older = match self.target.max_tokens_field {
                MaxTokensField::MaxTokens => true,
                MaxTokensField::MaxCompletionTokens => false,
                MaxTokensField::AsGiven => limits.legacy_max_tokens || !self.same,
            };
            w.u64_field(if older { "max_tokens" } else { "max_completion_tokens" }, limit);
        }
        let most = self.target.max_stops.unwrap_or(usize::MAX);
        if limits.stop.len() > most {
            self.losses.add("stop");
        }
        if !limits.stop.is_empty() {
            w.array_field("stop", |w| {
                limits.stop.iter().take(most).for_each(|text| w.string(text));
            });
        }
        w.opt_u64("n", limits.candidates);
    }

    fn sampling(&mut self, sampling: &Sampling, w: &mut Writer<'_>) {
        let taken = [
            ("temperature", &sampling.temperature),
            ("top_p", &sampling.top_p),
            ("frequency_penalty", &sampling.frequency_penalty),
            ("presence_penalty", &sampling.presence_penalty),
        ];
        for (name, value) in taken {
            if self.target.sampling {
                w.opt_number(name, value.as_ref());
            } else if value.is_some() {
                self.losses.add(name);
            }
        }
        match &sampling.top_k {
            Some(_) if !self.same => self.losses.add("top_k"),
            top_k => w.opt_number("top_k", top_k.as_ref()),
        }
        w.opt_number("seed", sampling.seed.as_ref());
        w.opt_raw("logit_bias", sampling.logit_bias.as_ref());
        w.opt_bool("logprobs", sampling.logprobs);
        w.opt_number("top_logprobs", sampling.top_logprobs.as_ref());
    }

    fn output(&mut self, output: &OutputFormat, w: &mut Writer<'_>) {
        match output {
            OutputFormat::Text => w.object_field("response_format", |w| w.str_field("type", "text")),
            OutputFormat::JsonObject => {
                w.object_field("response_format", |w| w.str_field("type", "json_object"));
            }
            OutputFormat::JsonSchema(schema) => self.schema(schema, w),
            OutputFormat::Opaque(raw) if self.same => w.raw_field("response_format", raw),
            OutputFormat::Opaque(_) => self.losses.add("response_format"),
        }
    }

    fn schema(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        w.key("response_format");
        w.begin_object();
        w.str_field("type", "json_schema");
        w.key("json_schema");
        w.begin_object();
        w.opt_str("name", schema.name.as_deref().or((!self.same).then_some("response")));
        w.opt_str("description", schema.description.as_deref());
        w.opt_raw("schema", schema.schema.as_ref());
        // Where the other dialect always follows the schema, this one must be told to.
        let strict = schema.strict.or_else(|| (!self.same && is_strict(schema)).then_some(true));
        w.opt_bool("strict", strict);
        for (name, value) in schema.extra.iter() {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
        w.end_object();
    }

    fn reasoning(&mut self, reasoning: &Reasoning, w: &mut Writer<'_>) {
        if self.same && !reasoning.extra.is_empty() {
            for (name, value) in reasoning.extra.iter() {
                w.raw_field(name, value);
            }
            return;
        }
        if self.target.thinking == ThinkingSupport::None {
            if reasoning.mode != Some(ReasoningMode::Disabled) {
                self.losses.add("reasoning");
            }
            return;
        }
        if reasoning.display.is_some() && !self.same {
            self.losses.add("reasoning.display");
        }
        let effort = match (&reasoning.effort, reasoning.budget, reasoning.mode) {
            (Some(effort), ..) => effort.as_str(),
            (None, Some(budget), _) => {
                self.losses.add("reasoning.budget");
                effort_of_budget(budget)
            }
            (None, None, Some(ReasoningMode::Disabled)) => {
                self.losses.add("reasoning.disabled");
                return;
            }
            (None, None, _) => "medium",
        };
        w.str_field("reasoning_effort", effort);
    }

    fn account(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        w.opt_str("user", request.user.as_deref());
        w.opt_str("safety_identifier", request.safety_identifier.as_deref());
        if let Some(tier) = &request.service_tier {
            match (self.same, tier.as_str()) {
                (true, tier) | (false, tier @ "auto") => w.str_field("service_tier", tier),
                (false, "standard_only") => w.str_field("service_tier", "default"),
                _ if request.source == Dialect::Responses => w.str_field("service_tier", tier),
                _ => self.losses.add("service_tier"),
            }
        }
    }

    fn stream(&mut self, w: &mut Writer<'_>) {
        let stream = &self.request.stream;
        w.opt_bool("stream", stream.stream);
        // Usage is always asked for: the gateway meters, whatever the client wanted.
        let ours = stream.stream == Some(true) && self.target.stream_usage;
        let extra = stream.extra.iter().filter(|_| self.same).count();
        let usage = if ours { Some(true) } else { stream.include_usage };
        if usage.is_none() && extra == 0 {
            return;
        }
        w.key("stream_options");
        w.begin_object();
        w.opt_bool("include_usage", usage);
        for (name, value) in stream.extra.iter() {
            self.unknown("stream_options", name, value, w);
        }
        w.end_object();
    }

    fn extra(&mut self, w: &mut Writer<'_>) {
        let shared = self.request.source == Dialect::Responses;
        for (name, value) in self.request.extra.iter() {
            if shared && SHARED_WITH_RESPONSES.contains(&name) {
                w.raw_field(name, value);
            } else {
                self.unknown("", name, value, w);
            }
        }
    }

    /// Writes an unknown field again, or reports it.
    pub(super) fn unknown(
        &mut self,
        place: &str,
        name: &str,
        value: &crate::canonical::Raw,
        w: &mut Writer<'_>,
    ) {
        if self.same {
            w.raw_field(name, value);
        } else {
            self.losses.add_field(place, name);
        }
    }

    /// Writes a cache mark, or reports it.
    pub(super) fn mark(
        &mut self,
        mark: Option<&crate::canonical::CacheMark>,
        w: &mut Writer<'_>,
    ) {
        let Some(mark) = mark else { return };
        if !self.target.cache_marks {
            self.losses.add("cache_control");
            return;
        }
        w.object_field("cache_control", |w| {
            w.str_field("type", "ephemeral");
            w.opt_str("ttl", mark.ttl.as_deref());
        });
    }
}

/// Whether a schema says what OpenAI demands of a strict one; it is never turned on silently else.
fn is_strict(schema: &SchemaFormat) -> bool {
    let text = schema.schema.as_ref().map(|raw| raw.read::<serde_json::Value>());
    let Some(Ok(schema)) = text else { return false };
    let required = schema["required"].as_array().map_or(0, Vec::len);
    let properties = schema["properties"].as_object().map_or(0, serde_json::Map::len);
    schema["additionalProperties"] == false && required == properties
}

const SHARED_WITH_RESPONSES: [&str; 7] = [
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "verbosity",
    "moderation",
];
