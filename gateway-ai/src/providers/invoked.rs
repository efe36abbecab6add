//! The stream of a model that Bedrock invokes: events of its maker's, each in a frame of Amazon's.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{BufMut, BytesMut};
use gateway_core::Body;
use serde::Deserialize;
use serde_json::json;

use crate::{
    body::rewritten,
    dialect::{FrameReader, Message},
};

/// The server-sent events that Anthropic would have sent. Without its last event a stream is known
/// to have broken off.
pub(super) fn events(body: Body) -> Body {
    let mut reader = FrameReader::default();
    rewritten(body, move |data, out| {
        out.reserve(data.len());
        let mut odd = false;
        let read = reader.push(data, |message| {
            odd = odd || event(&message, out).is_none();
        });
        if odd || read.is_err() {
            return Err("a frame makes no sense");
        }
        Ok(())
    })
}

/// Writes the event in a message; `None` where there is none.
fn event(message: &Message<'_>, out: &mut BytesMut) -> Option<()> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        bytes: &'a str,
    }
    #[derive(Deserialize)]
    struct Kind<'a> {
        r#type: &'a str,
    }
    if message.kind != "event" {
        return failure(message, out);
    }
    if message.name != "chunk" {
        return Some(());
    }
    let chunk: Chunk<'_> = serde_json::from_slice(message.payload).ok()?;
    let data = STANDARD.decode(chunk.bytes).ok()?;
    let kind = serde_json::from_slice::<Kind<'_>>(&data).ok()?.r#type;
    // A line end in either would be an event of somebody else's making.
    let plain = |bytes: &[u8]| !bytes.iter().any(|b| matches!(b, b'\n' | b'\r'));
    if !plain(kind.as_bytes()) || !plain(&data) {
        return None;
    }
    put(kind, &data, out);
    Some(())
}

/// An exception in the words Anthropic has for it.
fn failure(message: &Message<'_>, out: &mut BytesMut) -> Option<()> {
    #[derive(Default, Deserialize)]
    struct Said {
        message: Option<String>,
    }
    let kind = match message.name {
        "throttlingException" => "rate_limit_error",
        "validationException" => "invalid_request_error",
        "serviceUnavailableException" => "overloaded_error",
        "modelTimeoutException" => "timeout_error",
        _ => "api_error",
    };
    let said: Said = serde_json::from_slice(message.payload).unwrap_or_default();
    let text = said.message.unwrap_or_else(|| message.error.to_owned());
    let error = json!({ "type": "error", "error": { "type": kind, "message": text } });
    put("error", error.to_string().as_bytes(), out);
    Some(())
}

fn put(kind: &str, data: &[u8], out: &mut BytesMut) {
    out.put_slice(b"event: ");
    out.put_slice(kind.as_bytes());
    out.put_slice(b"\ndata: ");
    out.put_slice(data);
    out.put_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, name: &str, payload: &str) -> Option<String> {
        let message = Message {
            kind,
            name,
            payload: payload.as_bytes(),
            ..Message::default()
        };
        let mut out = BytesMut::new();
        event(&message, &mut out)?;
        Some(String::from_utf8(out.to_vec()).expect("text"))
    }

    #[test]
    fn frames_become_events() {
        let data = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}"#;
        let payload = format!(r#"{{"bytes":"{}","p":"ab"}}"#, STANDARD.encode(data));
        assert_eq!(
            read("event", "chunk", &payload).expect("an event"),
            format!("event: message_stop\ndata: {data}\n\n")
        );
        assert_eq!(read("event", "another", "{}").expect("nothing"), "");
        let error = read("exception", "throttlingException", r#"{"message":"slow"}"#);
        let error = error.expect("an error");
        let error = error.strip_prefix("event: error\ndata: ");
        let error: serde_json::Value =
            serde_json::from_str(error.expect("its name")).expect("JSON");
        assert_eq!(
            error,
            json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "slow" } })
        );
    }

    #[test]
    fn what_is_no_event_is_none() {
        let with = |data: &str| format!(r#"{{"bytes":"{}"}}"#, STANDARD.encode(data));
        for payload in [
            "{}".to_owned(),
            r#"{"bytes":"!"}"#.to_owned(),
            with("no JSON"),
            with("{}"),
            with("{\"type\":\n\"x\"}"),
        ] {
            assert_eq!(read("event", "chunk", &payload), None, "{payload}");
        }
    }
}
