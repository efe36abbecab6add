//! Embeddings: unit vectors that are a hash of the text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::brain::Seed;
use super::brain::count_tokens;
use super::wire::Incoming;
use super::wire::Refusal;

/// `POST /v1/embeddings`.
pub(super) fn openai(incoming: &Incoming<'_>) -> Result<Value, Refusal> {
    let body = incoming.body;
    let inputs = match &body["input"] {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        // Token ids, one input or several, are text of another kind.
        Value::Array(items) if items.iter().all(Value::is_number) && !items.is_empty() => {
            vec![body["input"].to_string()]
        }
        Value::Array(items) if items.iter().all(Value::is_array) && !items.is_empty() => {
            items.iter().map(Value::to_string).collect()
        }
        _ => {
            return Err(Refusal::invalid(
                "`input` must be text or token ids",
                Some("input"),
            ));
        }
    };
    let size = match &body["dimensions"] {
        Value::Null => SIZE,
        given => match given.as_u64() {
            Some(size @ 1..=4096) => size,
            _ => {
                return Err(Refusal::invalid(
                    "`dimensions` is out of range",
                    Some("dimensions"),
                ));
            }
        },
    };
    let base64 = body["encoding_format"] == "base64";
    let tokens: u64 = inputs.iter().map(|text| count_tokens(text)).sum();
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text, size);
            let embedding = if base64 {
                json!(packed(&vector))
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": incoming.model,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

/// Gemini's `:embedContent`.
pub(super) fn gemini(incoming: &Incoming<'_>) -> Result<Value, Refusal> {
    Ok(json!({ "embedding": values(incoming.body)? }))
}

/// Gemini's `:batchEmbedContents`.
pub(super) fn gemini_batch(incoming: &Incoming<'_>) -> Result<Value, Refusal> {
    let Some(requests) = incoming.body["requests"].as_array() else {
        return Err(Refusal::invalid("requests is required", None));
    };
    let embeddings: Vec<Value> = requests.iter().map(values).collect::<Result<_, _>>()?;
    Ok(json!({ "embeddings": embeddings }))
}

fn values(request: &Value) -> Result<Value, Refusal> {
    let Some(parts) = request["content"]["parts"].as_array() else {
        return Err(Refusal::invalid("content.parts is required", None));
    };
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    let size = request["outputDimensionality"]
        .as_u64()
        .unwrap_or(SIZE)
        .clamp(1, 4096);
    Ok(json!({ "values": vector(&texts.join(" "), size) }))
}

fn vector(text: &str, size: u64) -> Vec<f32> {
    let mut seed = Seed::of_text(text);
    #[expect(clippy::cast_precision_loss, reason = "a number below 2000 is exact")]
    let raw: Vec<f32> = (0..size)
        .map(|_| (seed.below(2000) as f32 - 999.5) / 1000.0)
        .collect();
    let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / norm).collect()
}

fn packed(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

const SIZE: u64 = 256;
