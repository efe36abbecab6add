use schemars::SchemaGenerator;
use serde_json::Value;

use super::model::Config;

/// The JSON Schema (draft 2020-12) of a config file, for editors and other tools.
#[must_use]
pub fn schema() -> Value {
    SchemaGenerator::default()
        .into_root_schema_for::<Config>()
        .into()
}

/// The part of the schema for one section: `upstreams`, `routes.match`, `layers.jwt`.
///
/// Names that the user of a config file chooses are left out of the path, and definitions it
/// refers to are put in its `$defs`, so that the answer is complete in itself.
#[must_use]
pub fn section(path: &str) -> Option<Value> {
    let root = schema();
    let mut here = root.clone();
    let mut steps: Vec<&str> = path.split('.').collect();
    if steps.first() == Some(&"layers") {
        steps.insert(0, "defaults");
    }
    for step in steps {
        here = child(&root, &here, step)?;
    }
    here = resolved(&root, here);
    if let (Some(defs), Some(map)) = (root.get("$defs"), here.as_object_mut()) {
        let defs = needed(defs, map);
        if !defs.is_empty() {
            map.insert("$defs".to_owned(), Value::Object(defs));
        }
    }
    Some(here)
}

/// The schema of `step` within `here`; a map of user-chosen names is passed through.
fn child(root: &Value, here: &Value, step: &str) -> Option<Value> {
    let here = resolved(root, here.clone());
    if let Some(found) = here.get("properties").and_then(|all| all.get(step)) {
        return Some(found.clone());
    }
    if let Some(values) = here.get("additionalProperties").filter(|v| v.is_object()) {
        return child(root, values, step);
    }
    here.get("anyOf")?
        .as_array()?
        .iter()
        .find_map(|option| child(root, option, step))
}

fn resolved(root: &Value, value: Value) -> Value {
    let target = value.get("$ref").and_then(Value::as_str);
    match target.and_then(|target| root.pointer(target.strip_prefix('#')?)) {
        Some(found) => found.clone(),
        None => value,
    }
}

/// The definitions that `schema` refers to, directly or not.
fn needed(defs: &Value, schema: &serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
    let mut found = serde_json::Map::new();
    let mut open = vec![Value::Object(schema.clone())];
    while let Some(value) = open.pop() {
        for name in references(&value) {
            if let Some(def) = defs.get(&name)
                && !found.contains_key(&name)
            {
                found.insert(name, def.clone());
                open.push(def.clone());
            }
        }
    }
    found
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(target) if key == "$ref" => target
                    .strip_prefix("#/$defs/")
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                _ => references(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_through_names_and_short_forms() {
        for (path, property) in [
            ("upstreams", None),
            ("upstreams.endpoints", None),
            ("routes.match", None),
            ("limits", Some("header_bytes")),
            ("layers.request_id", None),
            ("admin", None),
        ] {
            let found = section(path);
            assert!(found.is_some(), "{path}");
            if let Some(property) = property {
                assert!(found.unwrap()["properties"][property].is_object(), "{path}");
            }
        }
        assert!(section("nonsense").is_none());
        assert!(section("routes.nonsense").is_none());
    }

    #[test]
    fn it_is_a_2020_12_schema_that_refuses_unknown_keys() {
        let schema = schema();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["additionalProperties"], false);
        for name in references(&schema) {
            assert!(schema["$defs"][&name].is_object(), "{name}");
        }
    }
}
