use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{
        Extra, Limits, Number, OutputFormat, Raw, Reasoning, ReasoningMode, Request, Sampling,
        SchemaFormat,
    },
    json::{Fields, Str, missed},
};

/// `inferenceConfig`, and of the additional fields those that have a name elsewhere.
pub(super) fn take(
    request: &mut Request,
    inference: wire::Inference<'_>,
    additional: wire::Additional<'_>,
) {
    request.limits = Limits {
        max_output_tokens: inference.max_tokens.as_ref().and_then(Number::as_u64),
        stop: inference.stop.unwrap_or_default(),
        ..Limits::default()
    };
    request.sampling = Sampling {
        temperature: inference.temperature,
        top_p: inference.top_p,
        top_k: additional.top_k,
        ..Sampling::default()
    };
    request.extra.absorb("inferenceConfig.", inference.extra);
    let mut reasoning = Reasoning::default();
    let mut rest: Fields<'_> = additional.extra;
    for (name, raw) in [
        ("thinking", additional.thinking),
        ("output_config", additional.output_config),
        ("reasoning_effort", additional.effort),
        ("reasoning_config", additional.config),
        ("reasoningConfig", additional.nova),
    ] {
        let Some(raw) = raw else { continue };
        if understood(name, raw, &mut reasoning) {
            // As it was spelled, for the same dialect.
            if let Ok(raw) = Raw::from_raw(raw) {
                reasoning.extra.push_own(name, raw);
            }
        } else {
            rest.push((Str(name.into()), raw));
        }
    }
    request.extra.absorb("additionalModelRequestFields.", rest);
    request.reasoning = (reasoning != Reasoning::default()).then_some(reasoning);
}

/// Takes over what an object says about reasoning; `false` if it says more than that.
fn understood(name: &str, raw: &RawValue, into: &mut Reasoning) -> bool {
    if let Ok(word) = serde_json::from_str::<String>(raw.get()) {
        into.effort = Some(word.as_str().into());
        return name != "thinking" && name != "output_config";
    }
    let Ok(mut wire) = serde_json::from_str::<wire::Thinking<'_>>(raw.get()) else {
        return false;
    };
    if !wire.extra.is_empty() {
        wire.extra.kept();
        return false;
    }
    let mode = match wire.kind.as_deref() {
        Some("enabled") => Some(ReasoningMode::Enabled),
        Some("adaptive") => Some(ReasoningMode::Adaptive),
        Some("disabled") => Some(ReasoningMode::Disabled),
        None => None,
        Some(_) => return false,
    };
    into.mode = mode.or(into.mode);
    into.budget = wire
        .budget
        .as_ref()
        .and_then(Number::as_u64)
        .or(into.budget);
    into.effort = wire
        .effort
        .as_deref()
        .map(Into::into)
        .or(into.effort.take());
    into.display = wire
        .display
        .as_deref()
        .map(Into::into)
        .or(into.display.take());
    true
}

/// `outputConfig`: its schema is a JSON text within a string.
pub(super) fn output(wire: wire::OutputConfig<'_>, extra: &mut Extra) -> Option<OutputFormat> {
    extra.absorb("outputConfig.", wire.extra);
    let format = wire.format?;
    let kind = format.kind.as_deref();
    if kind.is_some_and(|kind| !matches!(kind, "text" | "json_schema")) {
        missed("textFormat.type");
    }
    let mut rest = Extra::new();
    rest.absorb("textFormat.", format.extra);
    let schema = format.structure.and_then(|structure| structure.schema);
    let Some(schema) = schema else {
        return (kind == Some("text")).then_some(OutputFormat::Text);
    };
    rest.absorb("", schema.extra);
    Some(OutputFormat::JsonSchema(SchemaFormat {
        name: schema.name.map(Str::into_owned),
        description: schema.description.map(Str::into_owned),
        schema: schema.schema.and_then(|text| Raw::new(&text).ok()),
        strict: None,
        extra: rest,
    }))
}
