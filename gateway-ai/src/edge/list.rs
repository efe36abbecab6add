//! `GET /v1/models` in the dialect of whoever asks.

use gateway_core::{Body, ErrorFormat, Identity, Response};
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use crate::models::{Catalog, may_use};

/// The list of models, or one of them; `None` where there is no such model.
pub(super) fn models(
    catalog: &Catalog,
    identity: Option<&Identity>,
    one: Option<&str>,
    format: ErrorFormat,
    method: &Method,
) -> Option<Response> {
    let entry = |name: &str| match format {
        ErrorFormat::Anthropic => anthropic(name),
        ErrorFormat::Gemini => gemini(name),
        _ => openai(name),
    };
    let document = match one {
        Some(name) => {
            may_use(identity, name)
                .then(|| catalog.targets(name))
                .flatten()?;
            entry(name)
        }
        None => {
            let names = catalog.names_for(identity);
            list(&names.into_iter().map(entry).collect::<Vec<_>>(), format)
        }
    };
    let text = document.to_string();
    let length = text.len();
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(text)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Some(response)
}

fn list(entries: &[Value], format: ErrorFormat) -> Value {
    if format == ErrorFormat::Gemini {
        return json!({ "models": entries });
    }
    if format != ErrorFormat::Anthropic {
        return json!({ "object": "list", "data": entries });
    }
    let id = |entry: Option<&Value>| entry.map_or(Value::Null, |entry| entry["id"].clone());
    json!({
        "first_id": id(entries.first()),
        "last_id": id(entries.last()),
        "has_more": false,
        "data": entries,
    })
}

/// `created` is required; an alias has no birthday, so it is the epoch for all.
fn openai(name: &str) -> Value {
    let owner = name
        .split_once('/')
        .map_or("gateway", |(provider, _)| provider);
    json!({ "id": name, "object": "model", "created": 0, "owned_by": owner })
}

fn anthropic(name: &str) -> Value {
    json!({
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",
    })
}

fn gemini(name: &str) -> Value {
    json!({
        "name": format!("models/{name}"),
        "displayName": name,
        "supportedGenerationMethods": ["generateContent"],
    })
}
