use crate::{
    canonical::{Stop, StopReason},
    loss::Losses,
};

/// Reads a `finish_reason`, the imitators' words included.
///
/// With tool calls in the answer, `stop` means they are to be made: some servers say `stop` then.
pub(super) fn parse(raw: &str, has_calls: bool) -> Stop {
    let reason = match raw {
        "stop" | "eos" | "eos_token" | "end_turn" | "completed" | "done" | "STOP" | "" => {
            StopReason::End
        }
        "stop_sequence" => StopReason::StopSequence,
        "length" | "max_tokens" | "max_output_tokens" | "MAX_TOKENS" | "model_length" => {
            StopReason::Length
        }
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolUse,
        "content_filter" | "safety" | "SAFETY" | "refusal" | "sensitive" => StopReason::Filter,
        _ => StopReason::Other,
    };
    let reason = if reason == StopReason::End && has_calls {
        StopReason::ToolUse
    } else {
        reason
    };
    Stop {
        reason,
        raw: Some(raw.into()),
        sequence: None,
    }
}

/// The nearest legal `finish_reason`.
pub(super) fn print(stop: &Stop, legacy: bool, losses: &mut Losses) -> &'static str {
    if stop.sequence.is_some() {
        losses.add("stop_sequence");
    }
    match stop.reason {
        // The message says it.
        StopReason::End | StopReason::StopSequence | StopReason::Refusal => "stop",
        StopReason::Length | StopReason::ContextFull => "length",
        StopReason::ToolUse if legacy => "function_call",
        StopReason::ToolUse => "tool_calls",
        StopReason::Filter | StopReason::Recitation => "content_filter",
        StopReason::MalformedCall | StopReason::Pause | StopReason::Other => {
            losses.add("stop_reason");
            "stop"
        }
    }
}
