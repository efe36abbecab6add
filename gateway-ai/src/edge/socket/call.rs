//! What a `response.create` message asks for. No I/O.

use bytes::Bytes;

use super::super::memory::{member, text};
use crate::{
    error::AiError,
    json::{Member, Members},
};

/// A message that asks for an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Create<'a> {
    message: &'a [u8],
    /// The answer it continues.
    pub(super) previous: Option<String>,
    /// Whether a provider may keep the answer.
    pub(super) store: bool,
    /// Whether an answer is wanted at all; if not, the input is for the next one.
    pub(super) generate: bool,
    /// The items of the input, without the brackets around them.
    pub(super) input: String,
    pub(super) model: String,
}

impl<'a> Create<'a> {
    /// # Errors
    ///
    /// It is no JSON object, or asks for something else.
    pub(super) fn read(message: &'a [u8]) -> Result<Self, AiError> {
        let mut members = Members::of(message).map_err(|error| wrong(&error))?;
        // The whole of it, so that what follows need not look out for faults.
        while members.next().map_err(|error| wrong(&error))?.is_some() {}
        let kind = member(message, "type").and_then(text);
        if kind.as_deref() != Some("response.create") {
            return Err(
                AiError::invalid("a message is of the type `response.create`")
                    .with_param("type")
                    .with_code("unknown_event_type"),
            );
        }
        Ok(Self {
            message,
            previous: member(message, "previous_response_id").and_then(text),
            store: member(message, "store") != Some("false"),
            generate: member(message, "generate") != Some("false"),
            input: items(member(message, "input").unwrap_or_default()),
            model: member(message, "model").and_then(text).unwrap_or_default(),
        })
    }

    /// The body of the call: the message as it is, save for what belongs to the WebSocket. Where
    /// `before` is given, those items precede the input in place of the answer it continues.
    pub(super) fn body(&self, before: Option<&str>) -> Bytes {
        let before_len = before.map_or(0, str::len);
        let mut body = Vec::with_capacity(self.message.len() + before_len + 32);
        body.push(b'{');
        let mut members = Members::of(self.message).ok();
        while let Some((members, Member { key, value })) = members.as_mut().and_then(|members| {
            members
                .next()
                .ok()
                .flatten()
                .map(|member| (&*members, member))
        }) {
            let ours = matches!(&*key, "type" | "stream" | "background" | "generate")
                || (before.is_some() && matches!(&*key, "previous_response_id" | "input"));
            if ours {
                continue;
            }
            let name = serde_json::to_vec(&key).unwrap_or_default();
            body.extend_from_slice(&name);
            body.push(b':');
            body.extend_from_slice(members.text(&value).as_bytes());
            body.push(b',');
        }
        if let Some(before) = before {
            body.extend_from_slice(b"\"input\":[");
            body.extend_from_slice(join(before, &self.input).as_bytes());
            body.extend_from_slice(b"],");
        }
        body.extend_from_slice(b"\"stream\":true}");
        Bytes::from(body)
    }
}

/// The items of an input, or of an output. A text is short for a message of the user's.
pub(super) fn items(value: &str) -> String {
    let array = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
    match array {
        Some(items) => items.trim().to_owned(),
        None if value.starts_with('"') => {
            format!(r#"{{"type":"message","role":"user","content":{value}}}"#)
        }
        None => String::new(),
    }
}

pub(super) fn join(one: &str, other: &str) -> String {
    let comma = if one.is_empty() || other.is_empty() {
        ""
    } else {
        ","
    };
    format!("{one}{comma}{other}")
}

fn wrong(error: &impl std::fmt::Display) -> AiError {
    AiError::invalid(format!("the message cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_websocket_is_left_out() {
        let message =
            br#"{"type":"response.create","model":"fast","stream":false,"background":true,
            "input":"hi", "x":1.0}"#;
        let create = Create::read(message).unwrap();
        assert_eq!(create.model, "fast");
        assert!(create.store && create.generate && create.previous.is_none());
        assert_eq!(
            create.body(None),
            r#"{"model":"fast","input":"hi","x":1.0,"stream":true}"#
        );
    }

    #[test]
    fn what_is_continued_precedes_the_input() {
        let message = br#"{"type":"response.create","previous_response_id":"resp_1","store":false,
            "input":[ {"b":2} ],"model":"m"}"#;
        let create = Create::read(message).unwrap();
        assert_eq!(create.previous.as_deref(), Some("resp_1"));
        assert!(!create.store);
        assert_eq!(
            create.body(Some(r#"{"a":1}"#)),
            r#"{"store":false,"model":"m","input":[{"a":1},{"b":2}],"stream":true}"#
        );
    }

    #[test]
    fn other_messages_are_refused() {
        for message in [
            &b"x"[..],
            b"[]",
            b"{}",
            br#"{"type":"response.cancel"}"#,
            br#"{"type":"response.create""#,
        ] {
            assert!(Create::read(message).is_err());
        }
    }
}
