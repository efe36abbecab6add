//! Counting tokens where the provider has no way of doing it.

use serde_json::Value;

/// How many tokens a conversation has, roughly: four characters to a token, and a flat rate for
/// what is not text.
pub(super) fn tokens(body: &[u8]) -> u64 {
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
        return 0;
    };
    let mut total = Total::default();
    // Gemini's clients may put the whole request into one field.
    let inner = body
        .get("generateContentRequest")
        .and_then(Value::as_object);
    let body = inner.unwrap_or(&body);
    for part in [
        "system",
        "instructions",
        "messages",
        "input",
        "tools",
        "contents",
        "systemInstruction",
        "system_instruction",
    ] {
        if let Some(part) = body.get(part) {
            total.add(part);
        }
    }
    total.characters.div_ceil(4) + total.messages * PER_MESSAGE + total.media * PER_MEDIUM
}

#[derive(Default)]
struct Total {
    characters: u64,
    messages: u64,
    media: u64,
}

impl Total {
    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.characters += text.chars().count() as u64,
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(fields) => {
                self.messages += u64::from(fields.contains_key("role"));
                let picture = fields.get("type").and_then(Value::as_str) == Some("input_image");
                let media = ["media_type", "mimeType", "mime_type"];
                let bytes =
                    fields.contains_key("data") && media.iter().any(|m| fields.contains_key(*m));
                if picture || bytes {
                    self.media += 1;
                    return;
                }
                for (name, field) in fields {
                    if !matches!(name.as_str(), "type" | "role" | "cache_control") {
                        self.add(field);
                    }
                }
            }
            Value::Number(_) | Value::Bool(_) => self.characters += 2,
            Value::Null => {}
        }
    }
}

const PER_MESSAGE: u64 = 4;
const PER_MEDIUM: u64 = 1500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_and_pictures_have_a_flat_rate() {
        let text = br#"{"model":"m","messages":[{"role":"user","content":"0123456789abcdef"}]}"#;
        assert_eq!(tokens(text), 4 + PER_MESSAGE);
        let picture = br#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}]}]}"#;
        assert_eq!(tokens(picture), PER_MEDIUM + PER_MESSAGE);
        let linked = br#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAAAAAA"}]}]}"#;
        assert_eq!(tokens(linked), PER_MEDIUM + PER_MESSAGE);
        let gemini = br#"{"generateContentRequest":{"contents":[{"role":"user","parts":[{"text":"0123456789abcdef"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}}"#;
        assert_eq!(tokens(gemini), 4 + PER_MEDIUM + PER_MESSAGE);
        assert_eq!(tokens(b"no json"), 0);
    }
}
