//! What the gateway does with the messages of a realtime session. No I/O.

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;

use super::super::memory::{member, text};
use crate::{
    canonical::Usage,
    json::{Member, Members},
};

/// A client's message with the provider's name of the model in place of the client's own; `None`
/// where it names none.
pub(super) fn renamed(message: &[u8], ours: &str, theirs: &str) -> Option<Bytes> {
    memmem::find(message, b"session.update")?;
    if text(member(message, "type")?)? != "session.update" {
        return None;
    }
    let session = place(message, "session")?;
    let model = place(message.get(session.clone())?, "model")?;
    let model = session.start + model.start..session.start + model.end;
    let named = std::str::from_utf8(message.get(model.clone())?).ok()?;
    if text(named)? != ours {
        return None;
    }
    let theirs = serde_json::to_vec(theirs).ok()?;
    Some(
        [&message[..model.start], &theirs, &message[model.end..]]
            .concat()
            .into(),
    )
}

fn place(object: &[u8], name: &str) -> Option<std::ops::Range<usize>> {
    let mut members = Members::of(object).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        if key == name {
            return Some(value);
        }
    }
    None
}

/// What an answer has used, if a provider's message ends one.
pub(super) fn used(message: &[u8]) -> Option<Usage> {
    memmem::find(message, b"response.done")?;
    if text(member(message, "type")?)? != "response.done" {
        return None;
    }
    let usage = member(member(message, "response")?.as_bytes(), "usage")?;
    let counts: Counts = serde_json::from_str(usage).ok()?;
    let (input, output) = (counts.input_token_details, counts.output_token_details);
    Some(Usage {
        input: counts
            .input_tokens
            .map(|all| all.saturating_sub(input.cached_tokens)),
        cache_read: Some(input.cached_tokens).filter(|cached| *cached > 0),
        input_audio: input.audio_tokens,
        input_image: input.image_tokens,
        output: counts.output_tokens,
        output_audio: output.audio_tokens,
        total: counts.total_tokens,
        ..Usage::default()
    })
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    #[serde(default)]
    input_token_details: Details,
    #[serde(default)]
    output_token_details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: u64,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_renamed_where_it_is_the_clients_own() {
        let update = br#"{"type":"session.update","session":{"a":"voice","model": "voice","b":1}}"#;
        assert_eq!(
            renamed(update, "voice", "gpt-realtime").unwrap(),
            r#"{"type":"session.update","session":{"a":"voice","model": "gpt-realtime","b":1}}"#
        );
        assert_eq!(renamed(update, "other", "gpt-realtime"), None);
        for message in [
            &br#"{"type":"session.update","session":{}}"#[..],
            br#"{"type":"x","session":{"model":"voice"},"y":"session.update"}"#,
            b"session.update",
        ] {
            assert_eq!(renamed(message, "voice", "gpt-realtime"), None);
        }
    }

    #[test]
    fn an_answer_that_is_done_is_counted() {
        let done = br#"{"type":"response.done","response":{"usage":{"total_tokens":20,"input_tokens":12,
            "output_tokens":8,"input_token_details":{"text_tokens":2,"audio_tokens":10,"cached_tokens":4},
            "output_token_details":{"text_tokens":3,"audio_tokens":5}}}}"#;
        let usage = used(done).unwrap();
        assert_eq!(
            (usage.input, usage.cache_read, usage.output),
            (Some(8), Some(4), Some(8))
        );
        assert_eq!((usage.input_audio, usage.output_audio), (Some(10), Some(5)));
        assert!(
            used(br#"{"type":"response.output_audio.delta","delta":"response.done"}"#).is_none()
        );
        assert!(used(br#"{"type":"response.done","response":{"usage":null}}"#).is_none());
    }
}
