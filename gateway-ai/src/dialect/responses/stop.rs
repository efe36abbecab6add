use crate::{
    canonical::{Stop, StopReason},
    json::missed,
    loss::Losses,
};

const KNOWN: [&str; 4] = ["completed", "incomplete", "in_progress", "queued"];

/// Reads `status` and the reason of an incomplete answer.
pub(super) fn parse(status: Option<&str>, reason: Option<&str>, has_calls: bool) -> Stop {
    let raw = reason.or(status);
    // An answer that came is one, whatever a server calls its end.
    if status.is_some_and(|status| !KNOWN.contains(&status)) {
        missed("status");
    }
    let meaning = match (status, reason) {
        (Some("incomplete"), Some("max_output_tokens" | "max_tokens" | "length")) => {
            StopReason::Length
        }
        (Some("incomplete"), Some("content_filter")) => StopReason::Filter,
        (Some("incomplete"), Some(_)) => StopReason::Other,
        (Some("incomplete" | "in_progress" | "queued"), _) => StopReason::Pause,
        _ if has_calls => StopReason::ToolUse,
        _ => StopReason::End,
    };
    Stop {
        reason: meaning,
        raw: raw.map(Into::into),
        sequence: None,
    }
}

/// How an answer is said to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    /// Cut short, and why; a turn that was paused has no word for it.
    Incomplete(Option<&'static str>),
    /// Not ended at all: the answer is made in the background.
    Pending(&'static str),
}

/// The nearest status.
pub(super) fn print(stop: Option<&Stop>, losses: &mut Losses) -> End {
    let Some(stop) = stop else {
        return End::Completed;
    };
    if stop.sequence.is_some() {
        losses.add("stop_sequence");
    }
    match stop.reason {
        StopReason::End | StopReason::StopSequence | StopReason::ToolUse | StopReason::Refusal => {
            End::Completed
        }
        StopReason::Length | StopReason::ContextFull => End::Incomplete(Some("max_output_tokens")),
        StopReason::Filter | StopReason::Recitation => End::Incomplete(Some("content_filter")),
        StopReason::Pause => match stop.raw.as_deref() {
            Some("queued") => End::Pending("queued"),
            Some("in_progress") => End::Pending("in_progress"),
            Some("incomplete") => End::Incomplete(None),
            _ => {
                losses.add("stop_reason");
                End::Incomplete(None)
            }
        },
        StopReason::MalformedCall | StopReason::Other => {
            losses.add("stop_reason");
            End::Completed
        }
    }
}
