use serde_json::value::RawValue;

use super::{schema::to_json_schema, wire};
use crate::{
    canonical::{
        Extra, Limits, Number, OutputFormat, Raw, Reasoning, ReasoningMode, Sampling, SchemaFormat,
        ToolChoice,
    },
    dialect::{Dialect, common::read},
    error::AiError,
    json::missed,
};

pub(super) fn limits(config: &mut wire::Config<'_>) -> Limits {
    let count = |number: &Option<Number>| number.as_ref()?.as_u64();
    Limits {
        max_output_tokens: count(&config.max_tokens),
        legacy_max_tokens: false,
        stop: config.stop.take().unwrap_or_default(),
        candidates: count(&config.candidates),
    }
}

pub(super) fn sampling(config: &mut wire::Config<'_>) -> Sampling {
    Sampling {
        temperature: config.temperature.take(),
        top_p: config.top_p.take(),
        top_k: config.top_k.take(),
        seed: config.seed.take(),
        frequency_penalty: config.frequency_penalty.take(),
        presence_penalty: config.presence_penalty.take(),
        logit_bias: None,
        logprobs: config.wants_logprobs,
        top_logprobs: config.logprobs.take(),
    }
}

pub(super) fn output_format(config: &mut wire::Config<'_>) -> Option<OutputFormat> {
    let json = config
        .json_schema
        .take()
        .map(|schema| (schema, Extra::new()));
    let open = config.schema.take().map(|schema| {
        let mut extra = Extra::new();
        let converted = to_json_schema(&schema);
        extra.push("responseSchema", schema);
        (converted, extra)
    });
    if let Some((schema, extra)) = json.or(open) {
        // A schema is for JSON, whatever else its answer is called.
        let kind = config.mime_type.as_deref();
        if kind.is_some_and(|kind| kind != "application/json") {
            missed("responseMimeType");
        }
        let schema = Some(schema);
        return Some(OutputFormat::JsonSchema(SchemaFormat {
            schema,
            extra,
            ..SchemaFormat::default()
        }));
    }
    match config.mime_type.as_deref()? {
        "text/plain" => Some(OutputFormat::Text),
        "application/json" => Some(OutputFormat::JsonObject),
        other => Some(OutputFormat::Opaque(Raw::from_value(&other.into()))),
    }
}

/// `thinkingBudget` is 0 for off and −1 for the model's choice; `thinkingLevel` is an effort.
pub(super) fn reasoning(raw: &RawValue) -> Result<Reasoning, AiError> {
    let wire: wire::Thinking<'_> = read(raw, "generationConfig.thinkingConfig")?;
    let budget = wire.budget.as_ref().map(Number::as_f64);
    let mut reasoning = Reasoning {
        mode: match budget {
            Some(0.0) => Some(ReasoningMode::Disabled),
            Some(budget) if budget < 0.0 => Some(ReasoningMode::Adaptive),
            Some(_) => Some(ReasoningMode::Enabled),
            None => None,
        },
        effort: wire.level.map(|level| level.to_ascii_lowercase().into()),
        budget: wire
            .budget
            .and_then(|budget| budget.as_u64())
            .filter(|budget| *budget > 0),
        display: wire
            .include
            .map(|include| if include { "summarized" } else { "omitted" }.into()),
        extra: Extra::from_fields(wire.extra),
    };
    if let Ok(raw) = Raw::from_raw(raw) {
        reasoning.extra.push_own("thinkingConfig", raw);
    }
    Ok(reasoning)
}

pub(super) fn tool_choice(wire: wire::ToolConfig<'_>) -> Option<ToolChoice> {
    let calling = wire.calling.unwrap_or_default();
    let names = calling.names.unwrap_or_default();
    let mode = calling
        .mode
        .as_deref()
        .unwrap_or_default()
        .to_ascii_uppercase();
    if wire.extra.is_empty() && calling.extra.is_empty() {
        match (mode.as_str(), names.as_slice()) {
            ("AUTO", []) => return Some(ToolChoice::Auto),
            ("NONE", []) => return Some(ToolChoice::None),
            ("ANY", []) => return Some(ToolChoice::Required),
            ("ANY", [name]) => return Some(ToolChoice::Tool { name: name.clone() }),
            ("ANY", _) => {
                return Some(ToolChoice::Allowed {
                    required: true,
                    names,
                });
            }
            ("", []) => return None,
            _ => {}
        }
    }
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
    let mut inner = serde_json::Map::new();
    if !mode.is_empty() {
        inner.insert("mode".to_owned(), mode.into());
    }
    if !names.is_empty() {
        inner.insert("allowedFunctionNames".to_owned(), names.into());
    }
    let own = |fields: crate::json::Fields<'_>, into: &mut serde_json::Map<_, _>| {
        for (name, raw) in fields {
            let value = serde_json::from_str(raw.get()).unwrap_or_default();
            into.insert(name.into_owned(), value);
        }
    };
    own(calling.extra, &mut inner);
    if !inner.is_empty() {
        fields.insert("functionCallingConfig".to_owned(), inner.into());
    }
    own(wire.extra, &mut fields);
    let raw = Raw::from_value(&fields.into());
    Some(ToolChoice::Opaque {
        dialect: Dialect::Gemini,
        raw,
    })
}
