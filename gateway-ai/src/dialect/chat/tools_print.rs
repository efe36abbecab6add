use super::{options_print::is_strict, request_print::Print};
use crate::{
    canonical::{Raw, Tool, ToolChoice, ToolKind},
    dialect::Dialect,
    json::Writer,
};

impl Print<'_> {
    pub(super) fn tools(&mut self, w: &mut Writer<'_>) {
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
        for (name, value) in tool
            .extra
            .iter()
            .filter(|(name, _)| !name.starts_with(prefix))
        {
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
                // Responses follow the schema wherever they can, unless told not to.
                let responses = self.request.source == Dialect::Responses;
                let implied = responses && is_strict(schema.as_ref());
                w.opt_bool("strict", strict.or(implied.then_some(true)));
            }
            ToolKind::Custom { format } => {
                if let Some(format) = format {
                    w.raw_field("format", &nested_grammar(format));
                }
            }
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
            ToolChoice::Opaque {
                dialect: Dialect::Chat,
                raw,
            } => w.raw_field("tool_choice", raw),
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
}

/// Responses spell a grammar flat, Chat nests it.
fn nested_grammar(format: &Raw) -> Raw {
    let flat: Option<serde_json::Map<String, serde_json::Value>> = format.read().ok();
    match flat {
        Some(mut flat)
            if flat.get("type").is_some_and(|kind| kind == "grammar")
                && !flat.contains_key("grammar") =>
        {
            flat.remove("type");
            Raw::from_value(&serde_json::json!({ "type": "grammar", "grammar": flat }))
        }
        _ => format.clone(),
    }
}
