use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

/// A vector as OpenAI's clients may ask for it: base64 of little-endian 32-bit floats.
pub(super) fn to_base64(vector: &RawValue) -> Option<String> {
    let numbers: Vec<f32> = serde_json::from_str(vector.get()).ok()?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    Some(STANDARD.encode(bytes))
}

/// The array of numbers a provider gave, or that its base64 spells.
pub(super) fn to_array(vector: &RawValue) -> Option<Box<RawValue>> {
    if vector.get().starts_with('[') {
        return Some(vector.to_owned());
    }
    let text: String = serde_json::from_str(vector.get()).ok()?;
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    let numbers: Vec<f32> = numbers.iter().map(|n| f32::from_le_bytes(*n)).collect();
    serde_json::value::to_raw_value(&numbers).ok()
}
