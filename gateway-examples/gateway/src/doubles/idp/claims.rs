//! What a token says when it is not told.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Completes claims with issuer, subject, moment and an hour's life; a `null` takes a claim away.
pub(super) fn complete(given: &Value, issuer: &str, now: u64) -> Value {
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), json!(issuer));
    claims.insert("sub".to_owned(), json!("anonymous"));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now + HOUR));
    for (name, value) in given.as_object().into_iter().flatten() {
        claims.insert(name.clone(), value.clone());
    }
    claims.retain(|_, value| !value.is_null());
    Value::Object(claims)
}

/// The claims that form fields ask for.
pub(super) fn from_form(fields: &[(String, String)], now: u64) -> Result<Value, String> {
    let mut claims = Map::new();
    for (name, value) in fields {
        match name.as_str() {
            "ttl" => {
                let ttl: i64 = value
                    .parse()
                    .map_err(|_| format!("ttl `{value}` is not a number of seconds"))?;
                claims.insert("exp".to_owned(), json!(now.saturating_add_signed(ttl)));
            }
            "exp" | "nbf" | "iat" => {
                let moment: u64 = value
                    .parse()
                    .map_err(|_| format!("{name} `{value}` is not a timestamp"))?;
                claims.insert(name.clone(), json!(moment));
            }
            // A field given twice is a list, as an audience may be.
            "aud" if claims.contains_key("aud") => {
                let mut all = match claims.remove("aud") {
                    Some(Value::Array(all)) => all,
                    other => other.into_iter().collect(),
                };
                all.push(json!(value));
                claims.insert("aud".to_owned(), Value::Array(all));
            }
            "alg" | "grant_type" | "client_id" | "client_secret" => {}
            _ => {
                claims.insert(name.clone(), json!(value));
            }
        }
    }
    Ok(Value::Object(claims))
}

const HOUR: u64 = 3600;
