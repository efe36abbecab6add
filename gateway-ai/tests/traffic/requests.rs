use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, Target};
use serde_json::Value;

use super::{
    URL,
    equal::{differences, tidy},
    gemini,
    load::{DIALECTS, endpoints, exchanges},
    lost::lost,
    responses,
};

/// Recorded requests a provider refused are refused here too, or pass: never a panic.
fn recorded(dialect: Dialect) -> Option<Vec<(String, String, bool)>> {
    let found = exchanges(endpoints(dialect))?;
    let bodies = found.into_iter().filter_map(|exchange| {
        let body = exchange
            .request_body()
            .filter(|body| body.starts_with('{') && !is_cut_off(body))?;
        Some((exchange.name(), body, exchange.is_ok()))
    });
    Some(bodies.collect())
}

/// Whether the recording tool has lost the end of a body.
fn is_cut_off(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_err_and(|error| error.is_eof())
}

#[test]
fn every_request_comes_back_as_it_was() {
    let mut wrong = Vec::new();
    for dialect in DIALECTS {
        let Some(bodies) = recorded(dialect) else {
            return;
        };
        let mut count = 0;
        for (name, body, ok) in bodies {
            let request = match dialect.parse_request(body.as_bytes(), URL) {
                Ok(request) => request,
                Err(error) => {
                    if ok {
                        wrong.push(format!("{name}: {error}"));
                    }
                    continue;
                }
            };
            let mut out = BytesMut::new();
            let target = Target::verbatim(dialect, request.model.as_str());
            let printed = dialect.print_request(&request, &target, &mut out).unwrap();
            let mut before: Value = serde_json::from_str(&body).unwrap();
            if before["model"].is_null() {
                before["model"] = "from-url".into();
            }
            let mut after: Value = serde_json::from_slice(&out)
                .unwrap_or_else(|error| panic!("{name}: {error}: {out:?}"));
            normal(dialect, &mut before);
            normal(dialect, &mut after);
            let paths = differences(&before, &after);
            if !paths.is_empty() || !printed.losses.is_empty() {
                wrong.push(format!("{name}: {paths:?}, lost {}", printed.losses));
            }
            count += 1;
        }
        eprintln!("{dialect}: {count} recorded requests came back");
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Removes differences that are none: `null` members, the gateway's own wish for usage, Mistral's
/// word for `required`.
fn normal(dialect: Dialect, body: &mut Value) {
    tidy(body);
    if dialect == Dialect::Gemini {
        return gemini::normal(body);
    }
    if dialect == Dialect::Converse {
        return super::converse::normal(body);
    }
    if dialect == Dialect::Responses {
        return responses::normal(body);
    }
    let Some(body) = body.as_object_mut() else {
        return;
    };
    if dialect == Dialect::Chat {
        body.remove("stream_options");
        if body.get("tool_choice") == Some(&"any".into()) {
            body.insert("tool_choice".to_owned(), "required".into());
        }
        if let Some(Value::String(stop)) = body.get("stop") {
            let list = Value::Array(vec![stop.clone().into()]);
            body.insert("stop".to_owned(), list);
        }
        if body.get("tools") == Some(&Value::Array(Vec::new())) {
            body.remove("tools");
        }
        for tool in body
            .get_mut("tools")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if tool.get("type").is_none() {
                tool["type"] = "function".into();
            }
        }
        for message in body
            .get_mut("messages")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(message) = message.as_object_mut() {
                normal_message(message);
            }
        }
    }
}

fn normal_message(message: &mut serde_json::Map<String, Value>) {
    for part in message
        .get_mut("content")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(url) = part.get("image_url").filter(|url| url.is_string()).cloned() {
            part["image_url"] = serde_json::json!({ "url": url });
        }
    }
    if message.get("tool_calls") == Some(&Value::Array(Vec::new())) {
        message.remove("tool_calls");
    }
}

#[test]
fn across_dialects_nothing_is_lost_in_silence() {
    let mut wrong = Vec::new();
    for from in DIALECTS {
        let Some(bodies) = recorded(from) else { return };
        for to in DIALECTS.into_iter().filter(|to| *to != from) {
            let (mut count, mut refused) = (0, 0);
            for (name, body, ok) in &bodies {
                let Ok(request) = from.parse_request(body.as_bytes(), URL) else {
                    continue;
                };
                if !ok {
                    continue;
                }
                let mut out = BytesMut::new();
                let model = match to {
                    Dialect::Messages => "claude-sonnet-4-5",
                    Dialect::Gemini => "gemini-2.5-flash",
                    Dialect::Converse => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                    _ => "gpt-4o",
                };
                let target = Target::new(to, model);
                let printed = match to.print_request(&request, &target, &mut out) {
                    Ok(printed) => printed,
                    Err(error) => {
                        assert!(error.param().is_some(), "{name}: {error} names no field");
                        refused += 1;
                        continue;
                    }
                };
                let again = to
                    .parse_request(&out, URL)
                    .unwrap_or_else(|error| panic!("{name}: {error}: {out:?}"));
                for lost in lost(&request, &again, &printed.losses) {
                    wrong.push(format!(
                        "{from}→{to} {name}: {lost}, reported {}",
                        printed.losses
                    ));
                }
                count += 1;
            }
            eprintln!("{from} → {to}: {count} requests, {refused} refused by name");
        }
    }
    assert!(
        wrong.is_empty(),
        "{} lose in silence:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
