use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{Extra, Raw, Tool, ToolChoice, ToolKind},
    dialect::{
        Dialect,
        common::{read, too_deep},
    },
    error::AiError,
    json::Str,
};

pub(super) fn tool(raw: &RawValue) -> Result<Tool, AiError> {
    let head: wire::ItemHead<'_> = read(raw, "tools")?;
    let kind = head.kind.as_deref().unwrap_or("function");
    if !matches!(kind, "function" | "custom") {
        let raw = Raw::from_raw(raw).map_err(|error| too_deep(error, "tools"))?;
        return Ok(Tool {
            kind: ToolKind::Server {
                dialect: Dialect::Responses,
                kind: kind.into(),
                raw,
            },
            name: String::new(),
            description: None,
            cache: None,
            extra: Extra::new(),
        });
    }
    let wire: wire::Tool<'_> = read(raw, "tools")?;
    let mut extra = Extra::from_fields(wire.extra);
    // `true` is what absence means, yet a provider that imitates the dialect may see a difference.
    let kind = if kind == "custom" {
        ToolKind::Custom {
            format: wire.format,
        }
    } else {
        if let Some(format) = wire.format {
            extra.push("format", format);
        }
        ToolKind::Function {
            schema: wire.parameters,
            strict: wire.strict,
        }
    };
    Ok(Tool {
        kind,
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        description: wire.description.map(Str::into_owned),
        cache: None,
        extra,
    })
}

pub(super) fn choice(raw: &RawValue) -> Result<ToolChoice, AiError> {
    if raw.get().starts_with('"') {
        let word: Str<'_> = read(raw, "tool_choice")?;
        return match &*word {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            other => Err(
                AiError::invalid(format!("tool_choice: {other:?} is no choice"))
                    .with_param("tool_choice"),
            ),
        };
    }
    let mut wire: wire::ToolChoice<'_> = read(raw, "tool_choice")?;
    match (wire.kind.as_deref(), wire.name) {
        (Some("function" | "custom"), Some(name)) => Ok(ToolChoice::Tool {
            name: name.into_owned(),
        }),
        (Some("allowed_tools"), _) => match allowed(wire.tools.as_deref().unwrap_or_default()) {
            Some(names) => Ok(ToolChoice::Allowed {
                required: wire.mode.as_deref() == Some("required"),
                names,
            }),
            None => {
                wire.extra.kept();
                opaque(raw)
            }
        },
        _ => {
            wire.extra.kept();
            opaque(raw)
        }
    }
}

/// The names of allowed tools; `None` where one of them is hosted and has none.
fn allowed(tools: &[wire::AllowedTool<'_>]) -> Option<Vec<String>> {
    tools
        .iter()
        .map(|tool| {
            let named = matches!(tool.kind.as_deref(), Some("function" | "custom") | None);
            tool.name.as_deref().filter(|_| named).map(str::to_owned)
        })
        .collect()
}

fn opaque(raw: &RawValue) -> Result<ToolChoice, AiError> {
    Ok(ToolChoice::Opaque {
        dialect: Dialect::Responses,
        raw: Raw::from_raw(raw).map_err(|error| too_deep(error, "tool_choice"))?,
    })
}
