use super::request_print::Print;
use crate::{
    canonical::{Block, OutputFormat, Raw, Tool, ToolChoice, ToolKind},
    dialect::{Dialect, restore::WRAPPED_ARGUMENT},
    json::Writer,
};

impl Print<'_> {
    /// A forced tool stands for a schema the model cannot take, where nothing else is forced.
    pub(super) fn emulate_schema(&mut self) {
        let Some(OutputFormat::JsonSchema(schema)) = &self.request.output else {
            return;
        };
        if self.takes_schema() && (self.same || schema.schema.is_some()) {
            return;
        }
        if !self.request.tools.is_empty() || self.plan.thinks() || schema.schema.is_none() {
            self.losses.add("response_format");
            return;
        }
        for (name, _) in schema.extra.iter() {
            self.losses.add_field("response_format", name);
        }
        let name = schema.name.as_deref().unwrap_or("response");
        self.schema_tool = Some(self.names.get(name));
    }

    /// Writes `toolConfig`. It has no `none`: tools are left out instead, unless the conversation
    /// has calls in it, which need them.
    pub(super) fn tool_config(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let forbidden = matches!(request.tool_choice, Some(ToolChoice::None));
        let history = self.has_calls();
        if forbidden && !request.tools.is_empty() && history {
            self.losses.add("tool_choice");
        }
        if forbidden && !history && !self.same {
            if !request.tools.is_empty() {
                self.losses.add("tool_choice.none");
            }
            return;
        }
        let tools: Vec<&Tool> = request
            .tools
            .iter()
            .filter(|tool| self.sends(tool))
            .collect();
        for tool in &request.tools {
            self.unsent(tool);
        }
        let placeholder = tools.is_empty() && history && !self.same && self.schema_tool.is_none();
        let config = self.nested("toolConfig.");
        let empty = tools.is_empty() && self.schema_tool.is_none() && !placeholder;
        if empty && config.is_empty() && !(self.same && request.tool_choice.is_some()) {
            if let Some(ToolChoice::Required | ToolChoice::Tool { .. }) = request.tool_choice {
                self.losses.add("tool_choice");
            }
            return;
        }
        w.begin_object_field("toolConfig");
        w.key("tools");
        w.begin_array();
        for tool in tools {
            self.tool(tool, w);
        }
        self.schema_tool(w);
        if placeholder {
            self.losses.add("tools.placeholder");
            w.raw(PLACEHOLDER);
        }
        w.end_array();
        self.choice(w);
        for (name, value) in config {
            w.raw_field(name, value);
        }
        w.end_object();
    }

    /// Whether the conversation has calls or results in it.
    fn has_calls(&self) -> bool {
        let mut blocks = (self.request.messages.iter()).flat_map(|message| &message.content);
        blocks.any(|block| matches!(block, Block::ToolCall(_) | Block::ToolResult(_)))
    }

    fn sends(&self, tool: &Tool) -> bool {
        let foreign = matches!(&tool.kind, ToolKind::Server { dialect, .. }
            if *dialect != Dialect::Converse);
        let allowed = match &self.request.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) => names.contains(&tool.name),
            _ => true,
        };
        !foreign && allowed
    }

    fn unsent(&mut self, tool: &Tool) {
        match &tool.kind {
            ToolKind::Server { dialect, kind, .. } if *dialect != Dialect::Converse => {
                self.losses.add_field("tools", kind);
            }
            _ if !self.sends(tool) => self.losses.add("tool_choice.allowed_tools"),
            _ => {}
        }
    }

    fn schema_tool(&self, w: &mut Writer<'_>) {
        if let (Some(name), Some(OutputFormat::JsonSchema(schema))) =
            (&self.schema_tool, &self.request.output)
        {
            let description = schema.description.as_deref();
            spec(name, description, w, |w| {
                object_schema(schema.schema.as_ref(), false, w);
            });
            w.end_object();
            w.end_object();
        }
    }

    fn tool(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        if let ToolKind::Server { raw, .. } = &tool.kind {
            w.raw(raw.as_str());
        } else {
            self.function(tool, w);
        }
        if let Some(mark) = &tool.cache {
            self.cache_point(mark, w);
        }
    }

    fn function(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        let name = self.names.get(&tool.name);
        let same = self.same;
        // An empty description is refused.
        let description = tool.description.as_deref();
        let description = description.filter(|text| same || !text.trim().is_empty());
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                spec(&name, description, w, |w| {
                    object_schema(schema.as_ref(), same, w);
                });
                let strict = strict.filter(|strict| same || *strict);
                if same || (strict == Some(true) && self.takes_schema()) {
                    w.opt_bool("strict", strict);
                } else if strict == Some(true) {
                    self.losses.add("tools.strict");
                }
            }
            _ => {
                if matches!(&tool.kind, ToolKind::Custom { format: Some(_) }) {
                    self.losses.add("tools.custom.format");
                }
                spec(&name, description, w, |w| w.raw(WRAPPER_SCHEMA));
                self.wrapped.push(name);
            }
        }
        for (name, value) in tool.extra.iter() {
            self.unknown("tools", name, value, w);
        }
        w.end_object();
        w.end_object();
    }

    fn choice(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if request.parallel_tool_calls == Some(false) {
            self.losses.add("parallel_tool_calls");
        }
        let mut forced = match &request.tool_choice {
            _ if self.schema_tool.is_some() => self.schema_tool.clone().map(Some),
            Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => Some(None),
            Some(ToolChoice::Tool { name }) => Some(Some(self.names.get(name))),
            Some(ToolChoice::Opaque { .. }) => {
                self.losses.add("tool_choice");
                None
            }
            Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { .. }) => None,
            None => return,
        };
        // Forcing a call is refused while the model thinks.
        if forced.is_some() && self.plan.thinks() && !self.same {
            self.losses.add("tool_choice");
            forced = None;
        }
        w.object_field("toolChoice", |w| match forced {
            None => w.object_field("auto", |_| {}),
            Some(None) => w.object_field("any", |_| {}),
            Some(Some(name)) => w.object_field("tool", |w| w.str_field("name", &name)),
        });
    }
}

/// Begins a `toolSpec`; its object and the one around it stay open.
fn spec(
    name: &str,
    description: Option<&str>,
    w: &mut Writer<'_>,
    schema: impl FnOnce(&mut Writer<'_>),
) {
    w.begin_object();
    w.begin_object_field("toolSpec");
    w.str_field("name", name);
    w.opt_str("description", description);
    w.object_field("inputSchema", |w| {
        w.key("json");
        schema(w);
    });
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

/// Calls in the conversation need a tool, even where none may be called.
const PLACEHOLDER: &str = r#"{"toolSpec":{"name":"unavailable","description":"Not available: do not call.","inputSchema":{"json":{"type":"object","properties":{}}}}}"#;
const WRAPPER_SCHEMA: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;
const _: () = assert!(
    WRAPPED_ARGUMENT.len() == 5,
    "the schema names the wrapped argument"
);
