//! The models that are listed; every other name is answered too.

use serde_json::Value;
use serde_json::json;

/// `GET /v1/models`, as OpenAI or as Anthropic lists them.
pub(in crate::doubles::model) fn models(anthropic: bool) -> Value {
    if anthropic {
        let data: Vec<Value> = NAMES.iter().map(|name| model(name, true)).collect();
        let (first, last) = (NAMES.first(), NAMES.last());
        return json!({ "data": data, "has_more": false, "first_id": first, "last_id": last });
    }
    let data: Vec<Value> = NAMES.iter().map(|name| model(name, false)).collect();
    json!({ "object": "list", "data": data })
}

/// `GET /v1/models/{name}`.
pub(in crate::doubles::model) fn model(name: &str, anthropic: bool) -> Value {
    match anthropic {
        true => {
            let created = "2025-01-01T00:00:00Z";
            json!({ "type": "model", "id": name, "display_name": name, "created_at": created })
        }
        false => json!({ "id": name, "object": "model", "created": CREATED, "owned_by": "mock" }),
    }
}

/// The moment that every `created` states: a double's answers do not depend on the clock.
pub(super) const CREATED: u64 = 1_735_689_600;

const NAMES: [&str; 4] = [
    "mock-small",
    "mock-large",
    "mock-reasoning",
    "mock-embedding",
];
