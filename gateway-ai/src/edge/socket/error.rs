//! Errors and answers of the gateway's own, as events. No I/O.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::memory::member;
use crate::{dialect::Dialect, error::AiError};

/// A refusal as the `error` event it is on a WebSocket: the body it would have had, and its status.
pub(super) fn refused(status: StatusCode, body: &[u8]) -> Bytes {
    let error = member(body, "error").filter(|error| error.starts_with('{'));
    let error = error.unwrap_or(
        r#"{"type":"server_error","code":null,"message":"the call failed","param":null}"#,
    );
    let status = status.as_u16();
    Bytes::from(format!(
        r#"{{"type":"error","status":{status},"error":{error}}}"#
    ))
}

/// A fault of a message.
pub(super) fn fault(error: &AiError) -> Bytes {
    let (status, body) = Dialect::Responses.print_error(error);
    refused(status, &body)
}

/// What ends a realtime session, as its `error` event.
pub(super) fn of_session(error: &AiError) -> Bytes {
    let (_, body) = Dialect::Chat.print_error(error);
    let error = member(&body, "error").unwrap_or("null");
    Bytes::from(format!(
        r#"{{"type":"error","event_id":"event_gateway","error":{error}}}"#
    ))
}

/// The events of an answer that nobody was asked for.
pub(super) fn empty_answer(id: &str, model: &str, created: u64) -> [Bytes; 2] {
    let event = |number: u8, kind: &str, status: &str| {
        let event: Value = json!({
            "type": kind,
            "sequence_number": number,
            "response": {
                "id": id,
                "object": "response",
                "created_at": created,
                "status": status,
                "model": model,
                "output": [],
            },
        });
        Bytes::from(event.to_string())
    };
    [
        event(0, "response.created", "in_progress"),
        event(1, "response.completed", "completed"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_body_and_status() {
        let body = br#"{"error":{"message":"no","code":"x"}}"#;
        assert_eq!(
            refused(StatusCode::NOT_FOUND, body),
            r#"{"type":"error","status":404,"error":{"message":"no","code":"x"}}"#
        );
        let unreadable = refused(StatusCode::BAD_GATEWAY, b"<html>");
        let event: Value = serde_json::from_slice(&unreadable).unwrap();
        assert_eq!(event["error"]["type"], "server_error");
        let fault: Value = serde_json::from_slice(&fault(&AiError::invalid("why"))).unwrap();
        assert_eq!(
            (&fault["status"], &fault["error"]["message"]),
            (&json!(400), &json!("why"))
        );
        let ended = AiError::invalid("old").with_code("session_expired");
        let ended: Value = serde_json::from_slice(&of_session(&ended)).unwrap();
        assert_eq!(
            (&ended["type"], &ended["error"]["code"]),
            (&json!("error"), &json!("session_expired"))
        );
    }
}
