use crate::{
    canonical::{Stop, StopReason},
    loss::Losses,
};

/// Reads a `stop_reason`.
pub(super) fn parse(raw: &str, sequence: Option<String>) -> Stop {
    let reason = match raw {
        "end_turn" => StopReason::End,
        "stop_sequence" => StopReason::StopSequence,
        "max_tokens" => StopReason::Length,
        "model_context_window_exceeded" => StopReason::ContextFull,
        "tool_use" => StopReason::ToolUse,
        "refusal" => StopReason::Filter,
        "pause_turn" => StopReason::Pause,
        _ => StopReason::Other,
    };
    Stop {
        reason,
        raw: Some(raw.into()),
        sequence,
    }
}

/// The nearest legal `stop_reason`.
pub(super) fn print(stop: &Stop, losses: &mut Losses) -> &'static str {
    match stop.reason {
        StopReason::End => "end_turn",
        StopReason::StopSequence => "stop_sequence",
        StopReason::Length => "max_tokens",
        StopReason::ContextFull => "model_context_window_exceeded",
        StopReason::ToolUse => "tool_use",
        StopReason::Filter | StopReason::Refusal | StopReason::Recitation => "refusal",
        StopReason::Pause => "pause_turn",
        StopReason::MalformedCall | StopReason::Other => {
            losses.add("stop_reason");
            "end_turn"
        }
    }
}
