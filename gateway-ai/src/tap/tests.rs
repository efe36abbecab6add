use bytes::Bytes;

use super::*;
use crate::{
    canonical::StopReason,
    dialect::Dialect,
    error::{AiErrorKind, ErrorClass},
};

const CHAT: &str = concat!(
    "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\": 9\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    ": keep-alive\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}\n\n",
    "data: [DONE]\n\n",
);

fn run(tap: &mut UsageTap, chunks: &[&str]) -> String {
    let mut out = Vec::new();
    for chunk in chunks {
        tap.push(Bytes::copy_from_slice(chunk.as_bytes()), &mut out);
    }
    tap.finish(&mut out);
    String::from_utf8(out.concat()).unwrap()
}

#[test]
fn bytes_pass_untouched_and_are_counted() {
    for at in 0..=CHAT.len() {
        let mut tap = UsageTap::new(Dialect::Chat);
        assert_eq!(run(&mut tap, &[&CHAT[..at], &CHAT[at..]]), CHAT);
        let reading = tap.reading();
        let usage = reading.usage.as_ref().unwrap();
        assert_eq!((usage.input, usage.output), (Some(10), Some(2)));
        assert_eq!(
            reading.stop.as_ref().map(|stop| stop.reason),
            Some(StopReason::End)
        );
        assert!(reading.is_complete() && reading.is_committed() && reading.error.is_none());
        assert_eq!((reading.id.as_str(), reading.model.as_str()), ("c1", "m"));
    }
}

#[test]
fn the_usage_chunk_and_it_alone_can_be_dropped() {
    let without: String = CHAT
        .split_inclusive("\n\n")
        .filter(|frame| !frame.contains("prompt_tokens"))
        .collect();
    for at in 0..=CHAT.len() {
        let mut tap = UsageTap::new(Dialect::Chat).without_usage_chunk();
        assert_eq!(
            run(&mut tap, &[&CHAT[..at], &CHAT[at..]]),
            without,
            "cut at {at}"
        );
        assert_eq!(
            tap.reading().usage.as_ref().and_then(|usage| usage.output),
            Some(2)
        );
    }
    let single: Vec<&str> = CHAT.split("").filter(|text| !text.is_empty()).collect();
    assert_eq!(
        run(
            &mut UsageTap::new(Dialect::Chat).without_usage_chunk(),
            &single
        ),
        without
    );
}

#[test]
fn a_comment_is_not_held() {
    let mut tap = UsageTap::new(Dialect::Chat).without_usage_chunk();
    let mut out = Vec::new();
    tap.push(Bytes::from_static(b": ping\n\n"), &mut out);
    assert_eq!(out.concat(), b": ping\n\n");
}

#[test]
fn a_cut_stream_is_noticed() {
    let mut tap = UsageTap::new(Dialect::Chat);
    run(&mut tap, &[&CHAT[..400]]);
    assert!(!tap.reading().is_complete());
    let error = tap.reading().error.as_ref().unwrap();
    assert_eq!(error.kind(), AiErrorKind::Truncated);
}

#[test]
fn an_error_in_the_first_event_is_seen_before_anything_is_committed() {
    let mut tap = UsageTap::new(Dialect::Messages);
    let text = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    assert_eq!(run(&mut tap, &[text]), text);
    let error = tap.reading().error.as_ref().unwrap();
    assert_eq!(
        (error.kind(), error.class()),
        (AiErrorKind::Overloaded, ErrorClass::RetrySame)
    );
    assert!(!tap.reading().is_committed());
}

#[test]
fn a_whole_reply_is_read() {
    let body = br#"{"id":"msg","model":"m","content":[{"type":"text","text":"x"}],"stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":4,"cache_read_input_tokens":5}}"#;
    let reading = Reading::of_reply(Dialect::Messages, body).unwrap();
    assert_eq!(
        reading.usage.as_ref().and_then(|usage| usage.prompt()),
        Some(8)
    );
    assert_eq!(
        reading.stop.map(|stop| stop.reason),
        Some(StopReason::Length)
    );
}

#[test]
fn a_body_in_place_of_events_is_read_too() {
    let array = r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}]"#;
    let mut tap = UsageTap::new(Dialect::Gemini);
    assert_eq!(
        run(&mut tap, &[" \n", &array[..30], &array[30..]]),
        format!(" \n{array}")
    );
    assert!(tap.reading().is_complete());
    assert_eq!(
        tap.reading().usage.as_ref().and_then(|usage| usage.output),
        Some(1)
    );
    let error = r#"{"error":{"message":"no","code":"rate_limit_exceeded"}}"#;
    let mut tap = UsageTap::new(Dialect::Chat).without_usage_chunk();
    assert_eq!(run(&mut tap, &[error]), error);
    assert_eq!(
        tap.reading().error.as_ref().map(|e| e.kind()),
        Some(AiErrorKind::RateLimited)
    );
}
