//! When two JSON bodies say the same.

use serde_json::Value;

/// Drops what means nothing in any dialect: members that are `null`.
pub(crate) fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(tidy);
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The places where two values differ, as dotted paths; array positions are left out, so that a
/// path reads like the name of a loss.
pub(crate) fn differences(left: &Value, right: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk("", left, right, &mut out);
    out.sort();
    out.dedup();
    out
}

fn walk(path: &str, left: &Value, right: &Value, out: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => walk(&path, a, b, out),
                    (Some(_), None) => out.push(format!("-{path}")),
                    _ => out.push(format!("+{path}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| walk(path, a, b, out));
        }
        (a, b) if a == b => {}
        _ => out.push(format!("!{path}")),
    }
}
