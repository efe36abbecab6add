use super::{block_print::mark, request_print::Print};
use crate::{
    canonical::{OutputFormat, Raw, Tool, ToolChoice, ToolKind},
    dialect::{Dialect, restore::WRAPPED_ARGUMENT},
    json::Writer,
};

impl Print<'_> {
    /// A forced tool stands for a schema the model cannot take, where nothing else is forced.
    pub(super) fn emulate_schema(&mut self) {
        let Some(OutputFormat::JsonSchema(schema)) = &self.request.output else {
            return;
        };
        if self.target.structured_output && (self.same || schema.schema.is_some()) {
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

    pub(super) fn tools(&mut self, w: &mut Writer<'_>) {
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

    pub(super) fn choice(&mut self, w: &mut Writer<'_>) {
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
            Some(ToolChoice::Allowed { required, .. }) => {
                if *required {
                    "any"
                } else {
                    "auto"
                }
            }
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
const _: () = assert!(
    WRAPPED_ARGUMENT.len() == 5,
    "the schema names the wrapped argument"
);
