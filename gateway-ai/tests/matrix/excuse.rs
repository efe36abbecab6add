//! Which reported name accounts for which missing sentence.

use gateway_ai::loss::Losses;

/// Beginnings of sentences, and the beginnings of the names that account for them.
const NAMES: &[(&str, &[&str])] = &[
    ("turns ", &["messages.", "tool_call.unanswered"]),
    ("system: ", &["messages.system_position"]),
    ("thinking signed", &["thinking"]),
    ("thinking: ", &["thinking"]),
    ("redacted ", &["redacted_thinking", "thinking"]),
    ("call signed", &["tool_call.signature"]),
    ("choice none", &["tool_choice"]),
    ("choice ", &["tool_choice"]),
    ("serial calls", &["parallel_tool_calls"]),
    ("server tool", &["tools."]),
    // Where nothing may be called and there is no such choice, the tools themselves stay out.
    ("tool ", &["tool_choice.none"]),
    ("cache ", &["cache_control"]),
    ("temperature ", &["temperature"]),
    ("top_p ", &["top_p"]),
    ("top_k ", &["top_k"]),
    ("seed ", &["seed"]),
    ("presence_penalty ", &["presence_penalty"]),
    ("frequency_penalty ", &["frequency_penalty"]),
    ("logprobs ", &["logprobs", "top_logprobs"]),
    ("stop ", &["stop"]),
    ("max ", &["max_tokens"]),
    ("form any JSON", &["response_format"]),
    ("form ", &["response_format"]),
    ("reasoning", &["reasoning"]),
    ("user u-", &["user", "metadata.user_id"]),
    ("tier ", &["service_tier"]),
    ("detail ", &["image.detail"]),
    ("user sound", &["audio", "content.audio"]),
];

pub(crate) fn excused(fact: &str, losses: &Losses) -> bool {
    if let Some(name) = fact.strip_prefix("extra ") {
        return losses.contains(name);
    }
    if fact.starts_with("result of ") {
        return if fact.ends_with(" failed") {
            losses.contains("tool_result.is_error")
        } else {
            losses.iter().any(|loss| loss.starts_with("tool_result."))
        };
    }
    let names = NAMES.iter().find(|(start, _)| fact.starts_with(start));
    names.is_some_and(|(_, names)| {
        losses
            .iter()
            .any(|loss| names.iter().any(|name| loss.starts_with(name)))
    })
}
