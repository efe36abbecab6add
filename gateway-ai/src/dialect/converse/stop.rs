use std::collections::BTreeMap;

use crate::{
    canonical::{Raw, Stop, StopReason},
    loss::Losses,
};

/// Reads a `stopReason`; the text that ended the answer may stand among the additional fields.
pub(super) fn parse(raw: &str, additional: Option<&Raw>) -> Stop {
    let reason = match raw {
        "end_turn" => StopReason::End,
        "tool_use" => StopReason::ToolUse,
        "max_tokens" => StopReason::Length,
        "stop_sequence" => StopReason::StopSequence,
        "guardrail_intervened" | "content_filtered" => StopReason::Filter,
        "malformed_model_output" | "malformed_tool_use" => StopReason::MalformedCall,
        "model_context_window_exceeded" => StopReason::ContextFull,
        _ => StopReason::Other,
    };
    let sequence = additional
        .and_then(|raw| raw.read::<serde_json::Value>().ok())
        .and_then(|fields| fields["stop_sequence"].as_str().map(str::to_owned));
    Stop {
        reason,
        raw: Some(raw.into()),
        sequence,
    }
}

/// Whether the model's own fields say nothing but which stop text matched.
pub(super) fn is_all(additional: &Raw) -> bool {
    let fields = additional.read::<BTreeMap<String, serde::de::IgnoredAny>>();
    fields.is_ok_and(|fields| fields.keys().all(|name| name == "stop_sequence"))
}

/// The nearest legal `stopReason`.
pub(super) fn print(stop: &Stop, losses: &mut Losses) -> &'static str {
    match stop.reason {
        StopReason::End => "end_turn",
        StopReason::StopSequence => "stop_sequence",
        StopReason::Length => "max_tokens",
        StopReason::ContextFull => "model_context_window_exceeded",
        StopReason::ToolUse => "tool_use",
        StopReason::Filter if stop.raw.as_deref() == Some("guardrail_intervened") => {
            "guardrail_intervened"
        }
        StopReason::Filter | StopReason::Refusal | StopReason::Recitation => "content_filtered",
        StopReason::MalformedCall => "malformed_tool_use",
        StopReason::Pause | StopReason::Other => {
            losses.add("stop_reason");
            "end_turn"
        }
    }
}
