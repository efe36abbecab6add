use serde_json::{Map, Value};

use crate::canonical::Raw;

/// Turns Gemini's OpenAPI flavour of a schema into JSON Schema: types in lower case, `nullable` as a
/// type of its own. What cannot be read stays as it is.
pub(super) fn to_json_schema(schema: &Raw) -> Raw {
    match schema.read::<Value>() {
        Ok(mut value) => {
            convert(&mut value);
            Raw::from_value(&value)
        }
        Err(_) => schema.clone(),
    }
}

fn convert(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    if let Some(Value::String(kind)) = fields.get_mut("type") {
        kind.make_ascii_lowercase();
    }
    if fields.remove("nullable") == Some(Value::Bool(true))
        && let Some(kind) = fields.get_mut("type")
    {
        *kind = Value::Array(vec![kind.take(), "null".into()]);
    }
    fields.remove("propertyOrdering");
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(convert);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(key) {
            convert(inner);
        }
    }
    convert_list(fields, "anyOf");
}

fn convert_list(fields: &mut Map<String, Value>, key: &str) {
    if let Some(Value::Array(list)) = fields.get_mut(key) {
        list.iter_mut().for_each(convert);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openapi_becomes_json_schema() {
        let schema = Raw::new(
            r#"{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},"b":{"type":"ARRAY","items":{"type":"INTEGER"}}}}"#,
        );
        let read: Value = to_json_schema(&schema.unwrap()).read().unwrap();
        assert_eq!(read["type"], "object");
        assert_eq!(
            read["properties"]["a"]["type"],
            serde_json::json!(["string", "null"])
        );
        assert_eq!(read["properties"]["b"]["items"]["type"], "integer");
    }
}
