use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{Extra, OutputFormat, Raw, Reasoning, Request, SchemaFormat},
    dialect::common::{read, too_deep},
    error::AiError,
    json::{Fields, Str},
};

pub(super) fn reasoning(wire: wire::ReasoningOptions<'_>) -> Reasoning {
    Reasoning {
        effort: wire.effort.map(|effort| (*effort).into()),
        display: wire.summary.map(|summary| (*summary).into()),
        extra: Extra::from_fields(wire.extra),
        ..Reasoning::default()
    }
}

/// `text` holds the format of the answer and, for the newer models, its verbosity.
pub(super) fn take_text(
    request: &mut Request,
    wire: Option<wire::TextOptions<'_>>,
) -> Result<(), AiError> {
    let Some(wire) = wire else { return Ok(()) };
    request.output = wire.format.map(format).transpose()?;
    if let Some(verbosity) = wire.verbosity {
        request.extra.push(VERBOSITY, verbosity);
    }
    request.extra.absorb(TEXT, wire.extra);
    Ok(())
}

pub(super) const VERBOSITY: &str = "verbosity";

/// Goes before the name of an unknown field of `text`.
pub(super) const TEXT: &str = "text.";

fn format(raw: &RawValue) -> Result<OutputFormat, AiError> {
    let mut wire: wire::Format<'_> = read(raw, "text.format")?;
    Ok(match wire.kind.as_deref() {
        Some("text") => OutputFormat::Text,
        Some("json_object") => OutputFormat::JsonObject,
        Some("json_schema") => OutputFormat::JsonSchema(SchemaFormat {
            name: wire.name.map(Str::into_owned),
            description: wire.description.map(Str::into_owned),
            schema: wire.schema,
            strict: wire.strict,
            extra: Extra::from_fields(wire.extra),
        }),
        _ => {
            wire.extra.kept();
            OutputFormat::Opaque(
                Raw::from_raw(raw).map_err(|error| too_deep(error, "text.format"))?,
            )
        }
    })
}

/// Fields without a name of their own. Those that ask for nothing another provider would not do
/// anyway are the dialect's own: an answer that is not stored, that is not made in the background,
/// that comes with fields only this dialect has.
pub(super) fn take_extra(request: &mut Request, fields: Fields<'_>) {
    for (name, raw) in fields {
        let Ok(value) = Raw::from_raw(raw) else {
            continue;
        };
        let neutral = matches!(
            (&*name, value.as_str()),
            (_, "null")
                | ("store" | "background", "false")
                | ("truncation", "\"disabled\"")
                | ("client_metadata", _)
        );
        if &*name == "include" && value.as_str().contains("\"message.output_text.logprobs\"") {
            request.sampling.logprobs = Some(true);
        }
        let neutral = neutral || (&*name == "include" && is_usual(&value));
        if neutral {
            request.extra.push_own(&*name, value);
        } else {
            request.extra.push(&*name, value);
        }
    }
    if request
        .sampling
        .top_logprobs
        .as_ref()
        .is_some_and(|n| n.as_u64() != Some(0))
    {
        request.sampling.logprobs = Some(true);
    }
}

/// Whether nothing is asked for but what other dialects send unasked, or ask for by another field.
fn is_usual(include: &Raw) -> bool {
    include.read::<Vec<Str<'_>>>().is_ok_and(|asked| {
        asked.iter().all(|word| {
            matches!(
                &**word,
                "reasoning.encrypted_content" | "message.output_text.logprobs"
            )
        })
    })
}
