use crate::{
    canonical::{Stop, StopReason},
    loss::Losses,
};

/// Reads a `finishReason`, by its name or, as some Google clients record it, by its number. Gemini
/// says `STOP` when calls are to be made.
pub(super) fn parse(raw: &str, has_calls: bool) -> Stop {
    let reason = match raw {
        "STOP" | "1" if has_calls => StopReason::ToolUse,
        "STOP" | "1" => StopReason::End,
        "MAX_TOKENS" | "2" => StopReason::Length,
        "SAFETY"
        | "3"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "LANGUAGE"
        | "IMAGE_PROHIBITED_CONTENT"
        | "MODEL_ARMOR" => StopReason::Filter,
        "RECITATION" | "4" | "IMAGE_RECITATION" => StopReason::Recitation,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => StopReason::MalformedCall,
        _ => StopReason::Other,
    };
    Stop {
        reason,
        raw: Some(raw.into()),
        sequence: None,
    }
}

/// The nearest legal `finishReason`.
pub(super) fn print(stop: &Stop, losses: &mut Losses) -> &'static str {
    if stop.sequence.is_some() {
        losses.add("stop_sequence");
    }
    match stop.reason {
        StopReason::End | StopReason::StopSequence | StopReason::ToolUse => "STOP",
        StopReason::Length | StopReason::ContextFull => "MAX_TOKENS",
        StopReason::Filter | StopReason::Refusal => "SAFETY",
        StopReason::Recitation => "RECITATION",
        StopReason::MalformedCall => "MALFORMED_FUNCTION_CALL",
        StopReason::Pause | StopReason::Other => {
            losses.add("stop_reason");
            "STOP"
        }
    }
}
