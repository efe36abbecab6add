//! How Bedrock serves Claude: in Messages, invoked by name, with a stream of Amazon's frames around
//! Anthropic's events.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::members;
use crate::{
    call::Operation,
    json::{Member, Members},
};

/// Whether a model is known to speak Messages when it is invoked.
///
/// A model's own name says so, with or without the region of an inference profile, and so does an
/// ARN that ends in one. A profile of the account's own hides what is behind it: nothing is guessed,
/// and Converse means the same to every model.
pub(super) fn is_claude(model: &str) -> bool {
    named(model).is_some_and(|name| without_region(name).starts_with("anthropic.claude-"))
}

/// The name of a model or of a system's inference profile; `None` where an ARN hides it.
fn named(model: &str) -> Option<&str> {
    if !model.starts_with("arn:") {
        return Some(model);
    }
    let (kind, name) = model.splitn(6, ':').nth(5)?.split_once('/')?;
    matches!(kind, "foundation-model" | "inference-profile").then_some(name)
}

/// A model's name without the regions of its inference profile.
fn without_region(name: &str) -> &str {
    match name.split_once('.') {
        Some((region, model)) if REGIONS.contains(&region) => model,
        _ => name,
    }
}

/// Tokens are counted by the model itself: there is no profile of it that could.
pub(super) fn counted(model: &str) -> &str {
    named(model).map_or(model, without_region)
}

/// What the path of an invoked model ends in.
pub(super) const fn invoke_method(operation: Operation, stream: bool) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "invoke-with-response-stream",
        Operation::Chat => "invoke",
        Operation::CountTokens => "count-tokens",
        Operation::Pass(_) => return None,
    })
}

/// What Converse's path ends in. Vectors have no operation of their own there: the model is invoked
/// in its maker's words. Only Claude's tokens are counted.
pub(super) fn converse_method(
    operation: Operation,
    model: &str,
    stream: bool,
) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "converse-stream",
        Operation::Chat => "converse",
        Operation::CountTokens if is_claude(model) => "count-tokens",
        Operation::Pass(operation) if operation.is_embedding() => "invoke",
        Operation::CountTokens | Operation::Pass(_) => return None,
    })
}

/// Whether some model of Bedrock's has an operation.
pub(super) const fn has(operation: Operation) -> bool {
    match operation {
        Operation::Chat | Operation::CountTokens => true,
        Operation::Pass(operation) => operation.is_embedding(),
    }
}

/// The body of a Messages call as Bedrock wants it: version and betas are in it; the model and
/// whether a stream is wanted are in the URL. What else the client wrote stays as it is.
pub(super) fn messages(body: &[u8], headers: &HeaderMap) -> Option<Bytes> {
    let mut head = format!(r#""anthropic_version":"{VERSION}""#);
    if let Some(betas) = betas(body, headers) {
        head.push_str(r#","anthropic_beta":"#);
        head.push_str(&betas);
    }
    members::put(&head, body, &["model", "stream", "anthropic_version"])
}

/// The betas that a client names in a header, where its body does not.
fn betas(body: &[u8], headers: &HeaderMap) -> Option<String> {
    let mut members = Members::of(body).ok()?;
    while let Some(Member { key, .. }) = members.next().ok()? {
        if key == "anthropic_beta" {
            return None;
        }
    }
    let values = headers.get_all("anthropic-beta").iter();
    let betas: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|beta| !beta.is_empty())
        .collect();
    (!betas.is_empty()).then(|| json!(betas).to_string())
}

/// A count of a Messages call: the call itself, as it would be made. It would have a limit.
pub(super) fn count_messages(body: &[u8], headers: &HeaderMap) -> Option<Bytes> {
    #[derive(serde::Deserialize)]
    struct Limits {
        max_tokens: Option<u64>,
        thinking: Option<Thinking>,
    }
    #[derive(serde::Deserialize)]
    struct Thinking {
        budget_tokens: Option<u64>,
    }
    let mut call = messages(body, headers)?;
    let limits: Limits = serde_json::from_slice(&call).ok()?;
    if limits.max_tokens.is_none() {
        let budget = limits.thinking.and_then(|thinking| thinking.budget_tokens);
        let limit = budget.unwrap_or(0).saturating_add(1);
        call = members::put(&format!(r#""max_tokens":{limit}"#), &call, &["max_tokens"])?;
    }
    let body = STANDARD.encode(&call);
    Some(Bytes::from(format!(
        r#"{{"input":{{"invokeModel":{{"body":"{body}"}}}}}}"#
    )))
}

/// A count of a Converse call.
pub(super) fn count_converse(mut call: Map<String, Value>) -> Value {
    call.retain(|name, _| ["messages", "system", "toolConfig"].contains(&name.as_str()));
    json!({ "input": { "converse": call } })
}

const VERSION: &str = "bedrock-2023-05-31";

/// What inference profiles across regions begin with.
const REGIONS: [&str; 8] = ["us", "eu", "apac", "global", "us-gov", "au", "jp", "ca"];

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

    #[test]
    fn claude_is_known_by_names_and_never_guessed() {
        let arn = |resource: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{resource}");
        for model in [
            CLAUDE.to_owned(),
            format!("us.{CLAUDE}"),
            format!("global.{CLAUDE}"),
            arn(&format!("inference-profile/eu.{CLAUDE}")),
            arn(&format!("foundation-model/{CLAUDE}")),
        ] {
            assert!(is_claude(&model), "{model}");
            assert_eq!(counted(&model), CLAUDE, "{model}");
        }
        for model in [
            "us.amazon.nova-lite-v1:0".to_owned(),
            "claude-sonnet-4-5".to_owned(),
            arn("application-inference-profile/a1b2c3"),
            arn("application-inference-profile/anthropic.claude-x"),
            arn("provisioned-model/anthropic.claude-x"),
            "arn:aws:bedrock".to_owned(),
            String::new(),
        ] {
            assert!(!is_claude(&model), "{model}");
        }
    }

    #[test]
    fn the_version_and_betas_move_in_and_the_model_out() {
        let body = br#"{ "model":"x", "max_tokens" : 1.0, "stream": true, "a":[1, 2] }"#;
        let mut headers = HeaderMap::new();
        assert_eq!(
            messages(body, &headers).expect("an object"),
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":1.0,"a":[1, 2]}"#
        );
        headers.append("anthropic-beta", "one, two".parse().expect("a value"));
        headers.append("anthropic-beta", "three".parse().expect("a value"));
        assert_eq!(
            messages(b"{}", &headers).expect("an object"),
            r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["one","two","three"]}"#
        );
        assert_eq!(
            messages(br#"{"anthropic_beta":["own"]}"#, &headers).expect("an object"),
            r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["own"]}"#
        );
        assert!(messages(b"[]", &headers).is_none());
    }

    #[test]
    fn a_count_is_of_a_call_that_could_be_made() {
        let inner = |body: &[u8]| {
            let count = count_messages(body, &HeaderMap::new()).expect("an object");
            let count: Value = serde_json::from_slice(&count).expect("JSON");
            let body = count["input"]["invokeModel"]["body"].as_str();
            let call = STANDARD.decode(body.expect("text")).expect("base64");
            serde_json::from_slice::<Value>(&call).expect("JSON")
        };
        let plain = inner(br#"{"model":"x","messages":[]}"#);
        assert_eq!(
            plain,
            json!({ "anthropic_version": VERSION, "messages": [], "max_tokens": 1 })
        );
        let thinks = inner(br#"{"thinking":{"type":"enabled","budget_tokens":2000}}"#);
        assert_eq!(thinks["max_tokens"], 2001);
        assert_eq!(inner(br#"{"max_tokens":7}"#)["max_tokens"], 7);
    }
}
