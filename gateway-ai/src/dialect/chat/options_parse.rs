use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{
        Extra, Limits, Number, OutputFormat, Raw, Reasoning, ReasoningMode, Sampling, SchemaFormat,
    },
    dialect::common::{read, too_deep},
    error::AiError,
    json::Str,
};

pub(super) fn limits(wire: &mut wire::Request<'_>) -> Limits {
    let count = |number: &Option<Number>| number.as_ref()?.as_u64();
    Limits {
        max_output_tokens: count(&wire.max_completion_tokens).or_else(|| count(&wire.max_tokens)),
        legacy_max_tokens: wire.max_completion_tokens.is_none() && wire.max_tokens.is_some(),
        stop: wire.stop.take().unwrap_or_default().0,
        candidates: count(&wire.n),
    }
}

pub(super) fn sampling(wire: &mut wire::Request<'_>) -> Sampling {
    Sampling {
        temperature: wire.temperature.take(),
        top_p: wire.top_p.take(),
        top_k: wire.top_k.take(),
        seed: wire.seed.take(),
        frequency_penalty: wire.frequency_penalty.take(),
        presence_penalty: wire.presence_penalty.take(),
        logit_bias: wire.logit_bias.take(),
        logprobs: wire.logprobs,
        top_logprobs: wire.top_logprobs.take(),
    }
}

pub(super) fn output_format(raw: &RawValue) -> Result<OutputFormat, AiError> {
    let mut wire: wire::ResponseFormat<'_> = read(raw, "response_format")?;
    Ok(match (wire.kind.as_deref(), wire.json_schema) {
        (Some("text"), _) => OutputFormat::Text,
        (Some("json_object"), _) => OutputFormat::JsonObject,
        (Some("json_schema"), Some(schema)) => OutputFormat::JsonSchema(SchemaFormat {
            name: schema.name.map(Str::into_owned),
            description: schema.description.map(Str::into_owned),
            schema: schema.schema,
            strict: schema.strict,
            extra: Extra::from_fields(schema.extra),
        }),
        _ => {
            wire.extra.kept();
            OutputFormat::Opaque(
                Raw::from_raw(raw).map_err(|error| too_deep(error, "response_format"))?,
            )
        }
    })
}

/// One meaning out of three spellings: `reasoning_effort` (OpenAI), `reasoning` (OpenRouter) and
/// `thinking` (DeepSeek, Z.ai). The objects are kept as they are for the same dialect, and
/// what they say beyond is missed in every other.
pub(super) fn reasoning(wire: &mut wire::Request<'_>) -> Result<Option<Reasoning>, AiError> {
    let mut reasoning = Reasoning::default();
    if let Some(raw) = wire.reasoning.take() {
        let object: wire::Reasoning<'_> = read(raw, "reasoning")?;
        reasoning.effort = object.effort.map(|effort| (*effort).into());
        reasoning.budget = object.max_tokens.and_then(|budget| budget.as_u64());
        reasoning.mode = object.enabled.map(mode);
        reasoning.display = (object.exclude == Some(true)).then(|| "omitted".into());
        reasoning.extra.absorb("", object.extra);
        reasoning
            .extra
            .push_own("reasoning", bounded(raw, "reasoning")?);
    }
    if let Some(raw) = wire.thinking.take() {
        let object: wire::Thinking<'_> = read(raw, "thinking")?;
        reasoning.mode = object.kind.map(|kind| match &*kind {
            "disabled" => ReasoningMode::Disabled,
            "adaptive" => ReasoningMode::Adaptive,
            _ => ReasoningMode::Enabled,
        });
        reasoning.budget = object
            .budget_tokens
            .and_then(|n| n.as_u64())
            .or(reasoning.budget);
        reasoning.extra.absorb("", object.extra);
        reasoning
            .extra
            .push_own("thinking", bounded(raw, "thinking")?);
    }
    if let Some(effort) = wire.reasoning_effort.take() {
        if reasoning.extra.own().next().is_some() {
            let spelled = serde_json::Value::String((*effort).to_owned());
            reasoning
                .extra
                .push_own("reasoning_effort", Raw::from_value(&spelled));
        }
        reasoning.effort = Some((*effort).into());
    }
    Ok((reasoning != Reasoning::default()).then_some(reasoning))
}

fn mode(enabled: bool) -> ReasoningMode {
    if enabled {
        ReasoningMode::Enabled
    } else {
        ReasoningMode::Disabled
    }
}

fn bounded(raw: &RawValue, field: &'static str) -> Result<Raw, AiError> {
    Raw::from_raw(raw).map_err(|error| too_deep(error, field))
}
