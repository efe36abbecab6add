//! Recorded exchanges through the whole edge: the same dialect passes byte for byte, across dialects
//! every answer is one.

use bytes::Bytes;
use gateway_ai::{
    dialect::Dialect,
    edge::AiService,
    models::{Alias, Models, target},
    providers::{HttpClient, Provider, table},
};
use gateway_core::{Body, BoxError, Request, Response, body::collect};

use crate::support::{CHAT, MESSAGES, ask, post};

#[path = "../traffic/load.rs"]
mod load;

use load::{Exchange, endpoints, exchanges};

/// The path and model of a Gemini exchange; `None` for one JSON array in pieces, which is not spoken.
fn generate(exchange: &Exchange) -> Option<(String, String)> {
    let (_, rest) = exchange.request.uri.split_once("/models/")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (model, method) = rest.rsplit_once(':')?;
    if method == "streamGenerateContent" && !query.contains("alt=sse") {
        return None;
    }
    let path = format!("/v1beta/models/{model}:{method}?{query}");
    gateway_ai::models::is_valid_model(model).then(|| (path, model.to_owned()))
}

fn has_model(exchange: &Exchange) -> Option<(String, String)> {
    let body = exchange.request_body()?;
    let parsed: serde_json::Value = serde_json::from_str(&body).ok()?;
    let model = parsed.get("model")?.as_str()?.to_owned();
    gateway_ai::models::is_valid_model(&model).then_some((body, model))
}

/// A gateway whose one provider answers as recorded, under the very name the client used.
fn replay(exchange: &Exchange, dialect: Dialect, model: &str) -> (AiService, Sent) {
    let sent = Sent::default();
    let (log, status) = (sent.clone(), exchange.response.status);
    let media = if exchange.response.streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    let body = Bytes::from(exchange.response_body());
    let client = HttpClient::new(tower::service_fn(move |request: Request| {
        let (log, body) = (log.clone(), body.clone());
        async move {
            *log.lock().unwrap() = collect(request.into_body(), 64 << 20).await?.into_parts().0;
            let response = http::Response::builder()
                .status(status)
                .header("content-type", media);
            Ok::<Response, BoxError>(response.body(Body::from(body))?)
        }
    }));
    let kind = match dialect {
        Dialect::Messages => "anthropic",
        Dialect::Gemini => "gemini",
        _ => "openai",
    };
    let provider = Provider::builder("p", table::find(kind).unwrap()).base_url("http://double/v1");
    let models = Models::new()
        .provider("p", provider)
        .alias(model, Alias::from(target(format!("p/{model}"))))
        .client(client);
    (models.service().unwrap(), sent)
}

type Sent = std::sync::Arc<std::sync::Mutex<Bytes>>;

fn path(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Messages {
        MESSAGES
    } else {
        CHAT
    }
}

/// The recorded request: body, path and model.
fn request(exchange: &Exchange, dialect: Dialect) -> Option<(String, String, String)> {
    if dialect == Dialect::Gemini {
        let (path, model) = generate(exchange)?;
        return Some((exchange.request_body()?, path, model));
    }
    let (body, model) = has_model(exchange)?;
    Some((body, path(dialect).to_owned(), model))
}

#[tokio::test]
async fn the_same_dialect_passes_byte_for_byte() {
    for dialect in [Dialect::Chat, Dialect::Messages, Dialect::Gemini] {
        let Some(all) = exchanges(endpoints(dialect)) else {
            return;
        };
        let mut passed = 0;
        for exchange in all {
            let Some((body, path, model)) = request(exchange, dialect) else {
                continue;
            };
            let (ai, sent) = replay(exchange, dialect, &model);
            let response = ask(ai, post(&path, body.clone())).await;
            let status = response.status().as_u16();
            let answer = collect(response.into_body(), 64 << 20)
                .await
                .unwrap()
                .into_parts()
                .0;
            let sent = std::mem::take(&mut *sent.lock().unwrap());
            let asked = sent != body;
            assert!(
                !asked || is_asked_for_usage(&body, &sent),
                "{}",
                exchange.name()
            );
            if is_operators(exchange) {
                assert!(
                    matches!(status, 502..=504),
                    "{} → {status}",
                    exchange.name()
                );
            } else if status == exchange.response.status {
                let recorded = exchange.response_body();
                let expected = if asked {
                    without_usage(&recorded)
                } else {
                    recorded
                };
                assert!(
                    answer == expected,
                    "{}: {}",
                    exchange.name(),
                    shown(&answer)
                );
                passed += 1;
            } else {
                // An error under status 200 is an error.
                assert!(
                    exchange.is_ok() && shown(&answer).contains("error"),
                    "{}",
                    exchange.name()
                );
            }
        }
        println!("{dialect}: {passed} exchanges passed byte for byte");
        assert!(passed > 100, "{passed}");
    }
}

/// Whether nothing but the wish for usage was added.
fn is_asked_for_usage(body: &str, sent: &[u8]) -> bool {
    let read = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
    let (mut before, mut after) = (read(body.as_bytes()), read(sent));
    let asked = after["stream_options"]["include_usage"] == true;
    before.as_object_mut().unwrap().remove("stream_options");
    after.as_object_mut().unwrap().remove("stream_options");
    asked && before == after
}

/// The recorded stream without the chunk that only counts, which some providers send unasked.
fn without_usage(recorded: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(recorded).unwrap();
    let only_counts = |event: &&str| {
        let data = event.trim().strip_prefix("data:").unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(data).is_ok_and(|chunk| {
            chunk["usage"].is_object() && chunk["choices"].as_array().is_some_and(Vec::is_empty)
        })
    };
    let events = text.split_inclusive("\n\n");
    events
        .filter(|event| !only_counts(event))
        .collect::<String>()
        .into_bytes()
}

/// What only the operator can mend never reaches a client as it is.
fn is_operators(exchange: &Exchange) -> bool {
    // Google has a 400 for a dead key.
    let dead_key = || shown(&exchange.response_body()).contains("API key not valid");
    matches!(exchange.response.status, 401..=403 | 500..) || dead_key()
}

fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned()
}

/// A client of the other dialect gets every recorded answer too.
#[tokio::test]
async fn across_dialects_every_answer_arrives() {
    for (client, provider) in [
        (Dialect::Messages, Dialect::Chat),
        (Dialect::Chat, Dialect::Messages),
    ] {
        let Some(all) = exchanges(endpoints(provider)) else {
            return;
        };
        let (mut whole, mut streamed) = (0, 0);
        for exchange in all.into_iter().filter(|exchange| exchange.is_ok()) {
            let stream = exchange.response.streaming;
            let body = format!(
                r#"{{"model":"m","max_tokens":9,"stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#
            );
            let (ai, _) = replay(exchange, provider, "m");
            let response = ask(ai, post(path(client), body)).await;
            let status = response.status();
            let answer = collect(response.into_body(), 64 << 20)
                .await
                .unwrap()
                .into_parts()
                .0;
            let answer = String::from_utf8(answer.to_vec()).unwrap();
            if status != 200 {
                assert!(
                    shown(&exchange.response_body()).contains("error"),
                    "{}",
                    exchange.name()
                );
                continue;
            }
            if stream {
                let end = if client == Dialect::Chat {
                    "[DONE]"
                } else {
                    "message_stop"
                };
                // A recording that was cut ends in an error, all others in the dialect's own end.
                assert!(
                    answer.contains(end) != answer.contains("\"error\":{"),
                    "{}: {}",
                    exchange.name(),
                    shown(answer.as_bytes())
                );
                streamed += 1;
            } else {
                let reply: serde_json::Value = serde_json::from_str(&answer).unwrap();
                let said = if client == Dialect::Chat {
                    "choices"
                } else {
                    "content"
                };
                assert!(reply[said].is_array(), "{}: {answer:.300}", exchange.name());
                whole += 1;
            }
        }
        println!("{provider} → {client}: {whole} whole answers, {streamed} streams");
        assert!(whole > 100 && streamed > 50);
    }
}
