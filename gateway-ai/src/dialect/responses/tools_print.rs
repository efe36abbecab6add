use serde_json::{Map, Value};

use super::request_print::Print;
use crate::{
    canonical::{Raw, Tool, ToolChoice, ToolKind},
    dialect::Dialect,
    json::Writer,
};

impl Print<'_> {
    pub(super) fn tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let mut any = false;
        for tool in &request.tools {
            if let ToolKind::Server { dialect, kind, .. } = &tool.kind
                && *dialect != Dialect::Responses
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

    pub(super) fn tool(&mut self, tool: &Tool, w: &mut Writer<'_>) {
        if let ToolKind::Server { raw, .. } = &tool.kind {
            w.raw(raw.as_str());
            return;
        }
        self.mark(tool.cache.as_ref());
        w.begin_object();
        let custom = matches!(tool.kind, ToolKind::Custom { .. });
        w.str_field("type", if custom { "custom" } else { "function" });
        w.str_field("name", &self.names.get(&tool.name));
        w.opt_str("description", tool.description.as_deref());
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                match schema {
                    Some(schema) => w.raw_field("parameters", schema),
                    None if self.same => {}
                    None => {
                        w.key("parameters");
                        w.raw(r#"{"type":"object","properties":{}}"#);
                    }
                }
                // What is not said is `true` here and `false` everywhere else.
                let strict = strict.or((!self.same).then_some(false));
                w.opt_bool("strict", strict);
            }
            ToolKind::Custom { format } => {
                if let Some(format) = format {
                    w.raw_field("format", &flat_grammar(format));
                }
            }
            ToolKind::Server { .. } => {}
        }
        for (name, value) in tool.extra.iter() {
            let plain = name
                .strip_prefix("function.")
                .or_else(|| name.strip_prefix("custom."));
            self.unknown("tools", plain.unwrap_or(name), value, w);
        }
        w.end_object();
    }

    pub(super) fn choice(&mut self, choice: &ToolChoice, any: bool, w: &mut Writer<'_>) {
        if !any && !self.same {
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
                w.str_field("mode", if *required { "required" } else { "auto" });
                w.key("tools");
                w.begin_array();
                names.iter().for_each(|name| self.named(name, w));
                w.end_array();
                w.end_object();
            }
            ToolChoice::Opaque {
                dialect: Dialect::Responses,
                raw,
            } => w.raw_field("tool_choice", raw),
            ToolChoice::Opaque { .. } => self.losses.add("tool_choice"),
        }
    }

    fn named(&mut self, name: &str, w: &mut Writer<'_>) {
        let custom = (self.request.tools.iter())
            .any(|tool| tool.name == name && matches!(tool.kind, ToolKind::Custom { .. }));
        let name = self.names.get(name);
        w.object(|w| {
            w.str_field("type", if custom { "custom" } else { "function" });
            w.str_field("name", &name);
        });
    }
}

/// Chat nests a grammar, Responses spell it flat.
fn flat_grammar(format: &Raw) -> Raw {
    let nested: Option<Map<String, Value>> = format.read().ok();
    match nested {
        Some(nested) => Raw::from_value(&raised(nested, "grammar").into()),
        None => format.clone(),
    }
}

/// An object with the members of the object within it that Chat has under `key`.
pub(super) fn raised(mut object: Map<String, Value>, key: &str) -> Map<String, Value> {
    if object.get(key).is_some_and(Value::is_object)
        && let Some(Value::Object(inner)) = object.remove(key)
    {
        object.extend(inner);
    }
    object
}
