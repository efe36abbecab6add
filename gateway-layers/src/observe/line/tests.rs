use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use gateway_core::{
    ErrorKind, GatewayError, Identity, PrefixLost, Route, Upstream, Usage,
    body::End,
    context::{IdentityKind, OutcomeRecord},
};
use http::{HeaderValue, Method, Uri, Version};

use super::*;
use crate::observe::TraceContext;

fn line(format: Format, query: Query, edit: impl FnOnce(&mut OutcomeRecord), uri: &str) -> String {
    let mut outcome = OutcomeRecord::default();
    edit(&mut outcome);
    let uri: Uri = uri.parse().unwrap();
    let agent = HeaderValue::from_bytes(b"curl \"x\" \t\xff").ok();
    let trace = TraceContext::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let record = Record {
        time: UNIX_EPOCH + Duration::from_millis(1_795_348_991_042),
        method: &Method::GET,
        uri: &uri,
        version: Version::HTTP_11,
        host: None,
        user_agent: agent.as_ref(),
        referer: None,
        status: 200,
        end: End::Complete,
        duration: Duration::from_micros(12_345),
        first_byte: Some(Duration::from_micros(900)),
        bytes_in: Some(0),
        bytes_out: 13,
        trace,
        outcome: &outcome,
    };
    let mut out = Vec::new();
    format.write(query, &record, &mut out);
    String::from_utf8(out).unwrap()
}

fn json(edit: impl FnOnce(&mut OutcomeRecord)) -> serde_json::Value {
    let text = line(Format::Json, Query::Omit, edit, "/a?key=secret");
    assert!(text.ends_with("}\n") && text.matches('\n').count() == 1);
    assert!(!text.contains("secret"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn json_has_what_is_known_and_nothing_else() {
    let record = json(|_| {});
    assert_eq!(record["time"], "2026-11-22T12:03:11.042Z");
    assert_eq!(record["path"], "/a");
    assert_eq!(record["duration_ms"], 12.345);
    assert_eq!(record["first_byte_ms"], 0.9);
    assert_eq!(record["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(record["end"], "complete");
    assert!(record.get("code").is_none() && record.get("route").is_none());
}

#[test]
fn json_has_all_of_the_outcome() {
    let record = json(|outcome| {
        outcome.route = Some(Route::new(
            "orders".into(),
            "/a".into(),
            [("", ""); 0].into_iter().collect(),
        ));
        outcome.identity = Some(Identity::new(IdentityKind::Jwt, "iss", "al\"ice\r\n"));
        outcome.error = Some(GatewayError::new(ErrorKind::RateLimited).layer("rate_limit"));
        let upstream = Upstream::new("up".into(), "http://127.0.0.1:1".into()).with_attempts(2);
        outcome.upstream = Some(upstream);
        outcome.model = Some(Arc::from("openai/gpt"));
        outcome.client = Some("codex");
        outcome.prefix_lost = Some(PrefixLost::Moved);
        outcome.lose(["logprobs", "unknown.x"].into_iter());
        let mut usage = Usage::default();
        usage.input = Some(7);
        usage.output = Some(9);
        outcome.usage = Some(usage);
        outcome.spend(&Arc::from("a/b"), &usage);
        outcome.spend(&Arc::from("c/d"), &usage);
        outcome.spend(&Arc::from("a/b"), &usage);
    });
    assert_eq!(record["code"], "rate_limited");
    assert_eq!(record["layer"], "rate_limit");
    assert_eq!(record["route"], "orders");
    assert_eq!(record["subject"], "al\"ice\r\n");
    assert_eq!(record["attempts"], 2);
    assert_eq!(record["tokens_in"], 7);
    assert_eq!(record["others"][0]["model"], "a/b");
    assert_eq!(record["others"][0]["tokens_out"], 18);
    assert_eq!(record["others"][1]["tokens_in"], 7);
    assert_eq!(record["tokens_out"], 9);
    assert_eq!(record["model"], "openai/gpt");
    assert_eq!(record["client"], "codex");
    assert_eq!(record["prefix_lost"], "moved");
    assert_eq!(record["lossy"], "logprobs, unknown.x");
}

#[test]
fn terminals_and_line_ends_are_safe() {
    let text = line(Format::Json, Query::Omit, |_| {}, "/a");
    assert!(text.contains("\\u0009\u{fffd}"), "{text}");
    let text = line(Format::Combined, Query::Omit, |_| {}, "/a");
    assert!(text.contains("\\x09\\xff"), "{text}");
    let mut out = Vec::new();
    escape::json(&mut out, "\u{1b}[31ma\u{202e}b\u{85}\n".as_bytes());
    assert_eq!(out, b"\\u001b[31ma\\u202eb\\u0085\\u000a");
}

#[test]
fn the_common_formats() {
    let name = |outcome: &mut OutcomeRecord| {
        outcome.identity = Some(Identity::new(IdentityKind::ApiKey, "keys", "app one"));
    };
    assert_eq!(
        line(Format::Common, Query::Names, name, "/a?token=x&b"),
        "- - app_one [22/Nov/2026:12:03:11 +0000] \"GET /a?token=***&*** HTTP/1.1\" 200 13\n"
    );
    let combined = line(Format::Combined, Query::Full, |_| {}, "/a?b=c");
    assert!(combined.contains("\"GET /a?b=c HTTP/1.1\" 200 13 \"-\" \"curl \\\"x\\\" "));
}
