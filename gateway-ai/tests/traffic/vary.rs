//! Changes to JSON that change nothing that is said: what clients, servers and later versions of an
//! API may do without asking.

use serde_json::{Map, Value, json};

/// A change, and the places it may be made in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// A field nobody has heard of.
    Unknown,
    /// Fields in another order.
    Reversed,
    /// Whole numbers with a fraction of nothing.
    Fractions,
    /// Fields that are absent said to be `null`.
    Nulls,
}

pub(crate) const CHANGES: [Change; 4] = [
    Change::Unknown,
    Change::Reversed,
    Change::Fractions,
    Change::Nulls,
];

/// The name of the unknown field.
pub(crate) const NAME: &str = "x_of_tomorrow";

/// Fields whose content is the client's or the model's own: nothing in them is the dialect's.
const FREE: &[&str] = &[
    "arguments",
    "input",
    "args",
    "parameters",
    "parametersJsonSchema",
    "parameters_json_schema",
    "input_schema",
    "inputSchema",
    "schema",
    "responseSchema",
    "responseJsonSchema",
    "response_schema",
    "response_json_schema",
    "metadata",
    "labels",
    "logit_bias",
    "response",
    "json",
    "requestMetadata",
    "additionalModelRequestFields",
    "promptVariables",
    "thinking",
    "reasoning",
    "error",
    "extra_body",
];

/// Makes a change everywhere, or at the one object of this number. Returns where the objects are.
pub(crate) fn vary(
    value: &mut Value,
    change: Change,
    only: Option<usize>,
    known: &[&str],
) -> Vec<Vec<String>> {
    let mut walk = Walk {
        change,
        only,
        known,
        path: Vec::new(),
        found: Vec::new(),
    };
    walk.through(value);
    walk.found
}

struct Walk<'a> {
    change: Change,
    only: Option<usize>,
    known: &'a [&'a str],
    path: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Walk<'_> {
    fn through(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                let depth = self.path.len();
                let kind = map.get("type").and_then(Value::as_str);
                self.path.extend(kind.map(|kind| format!("<{kind}>")));
                if self.only.is_none_or(|only| only == self.found.len()) {
                    apply(map, self.change, self.known);
                }
                self.found.push(self.path.clone());
                for (name, value) in map.iter_mut() {
                    // `input` of the Responses API is the conversation.
                    let own = name == "input" && value.is_array();
                    if (own || !FREE.contains(&name.as_str())) && name != NAME {
                        self.path.push(name.clone());
                        self.through(value);
                        self.path.pop();
                    }
                }
                self.path.truncate(depth);
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.through(value)),
            _ => {}
        }
    }
}

fn apply(map: &mut Map<String, Value>, change: Change, known: &[&str]) {
    match change {
        Change::Unknown => {
            map.insert(NAME.to_owned(), json!({ "of": ["tomorrow", 1] }));
        }
        Change::Reversed => {
            let fields: Vec<_> = std::mem::take(map).into_iter().rev().collect();
            map.extend(fields);
        }
        Change::Fractions => {
            for (name, value) in map.iter_mut() {
                // An enum may be a number, but none with a fraction.
                if name == "finishReason" {
                    continue;
                }
                if let Some(whole) = value.as_u64().filter(|whole| *whole < 1 << 32) {
                    *value = serde_json::from_str(&format!("{whole}.0")).unwrap();
                }
            }
        }
        Change::Nulls => {
            for name in known {
                map.entry(*name).or_insert(Value::Null);
            }
        }
    }
}

/// Optional fields of a request, of whatever object: a client may send `null` for each.
pub(crate) const OF_REQUESTS: &[&str] = &[
    "name",
    "tool_calls",
    "function_call",
    "cache_control",
    "citations",
    "strict",
    "detail",
    "refusal",
    "audio",
    "temperature",
    "top_p",
    "stop",
    "n",
    "seed",
    "user",
    "tools",
    "tool_choice",
    "response_format",
    "stream_options",
    "reasoning_effort",
    "parallel_tool_calls",
    "service_tier",
    "logprobs",
    "top_logprobs",
    "max_tokens",
    "description",
    "is_error",
    "title",
    "context",
    "thought",
    "thoughtSignature",
    "status",
    "annotations",
    "stop_sequences",
    "top_k",
    "cachePoint",
    "guardContent",
    "inferenceConfig",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "systemInstruction",
];

/// Optional fields of an answer, of whatever object.
pub(crate) const OF_REPLIES: &[&str] = &[
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "annotations",
    "audio",
    "logprobs",
    "service_tier",
    "system_fingerprint",
    "citations",
    "stop_sequence",
    "cache_creation",
    "cached_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "input_tokens_details",
    "output_tokens_details",
    "finishMessage",
    "safetyRatings",
    "thoughtSignature",
    "groundingMetadata",
    "promptFeedback",
    "cacheReadInputTokens",
    "performanceConfig",
    "trace",
    "incomplete_details",
    "error",
    "container",
];
