//! What a call used: reported once, whatever became of it.

use std::{pin::Pin, time::Duration};

use gateway_ai::{edge::AiService, fallback::Fallback, models::target};
use gateway_core::{Outcome, Request, Response, Upstream, Usage};
use http_body::Body as _;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_STREAM, Step, ask,
    chat_request, gateway, messages_request, post, text,
};

fn observed(path: &str, body: String) -> (Request, Outcome) {
    let (mut request, outcome) = (post(path, body), Outcome::new());
    request.extensions_mut().insert(outcome.clone());
    (request, outcome)
}

#[tokio::test]
async fn whole_answers_carry_it_in_the_response() {
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let (request, outcome) = observed(MESSAGES, messages_request("gpt", false));
    let response = ask(gateway(&double), request).await;
    let usage = response.extensions().get::<Usage>().unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(2)));
    let upstream = response.extensions().get::<Upstream>().unwrap();
    assert_eq!(upstream.name(), "openai");
    assert_eq!(upstream.endpoint(), "https://api.openai.com");
    let record = outcome.take();
    assert_eq!(record.usage.unwrap().output, Some(2));
    assert_eq!(record.model.as_deref(), Some("openai/gpt-4o-mini"));
    assert_eq!(record.upstream.unwrap().attempts(), 1);
}

#[tokio::test]
async fn streams_report_at_their_end() {
    for (path, body, frames) in [
        (CHAT, chat_request("gpt", true), &CHAT_STREAM[..]),
        (MESSAGES, messages_request("gpt", true), &CHAT_STREAM[..]),
        (
            MESSAGES,
            messages_request("claude", true),
            &MESSAGES_STREAM[..],
        ),
        (CHAT, chat_request("claude", true), &MESSAGES_STREAM[..]),
    ] {
        let double = Double::new([Answer::frames(frames)]);
        let (request, outcome) = observed(path, body);
        let response = ask(gateway(&double), request).await;
        text(response).await;
        let usage = outcome.take().usage.unwrap();
        assert_eq!((usage.input, usage.output), (Some(9), Some(2)), "{path}");
        assert!(outcome.take().usage.is_none(), "once");
    }
}

async fn first_frame(response: Response) -> gateway_core::Body {
    let mut body = response.into_body();
    let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    assert!(frame.unwrap().is_ok());
    body
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_provider_and_settles() {
    for (path, body) in [
        (MESSAGES, messages_request("claude", true)),
        (CHAT, chat_request("claude", true)),
    ] {
        let steps = MESSAGES_STREAM[..4]
            .iter()
            .map(|frame| Step::Data((*frame).to_owned()));
        let double = Double::new([Answer::Stream(steps.chain([Step::Hang]).collect())]);
        let (request, outcome) = observed(path, body);
        let response = ask(gateway(&double), request).await;
        let body = first_frame(response).await;
        assert!(!double.is_dropped());
        drop(body);
        assert!(
            double.is_dropped(),
            "the provider's body goes with the client's"
        );
        let record = outcome.take();
        assert_eq!(record.usage.unwrap().input, Some(9));
        assert_eq!(record.model.as_deref(), Some("anthropic/claude-haiku-4-5"));
    }
}

/// A target that fails, and one that is asked then.
fn with_spare(double: &Double, first: &str) -> AiService {
    let targets = [target(first), target("openai/gpt-4o-mini")];
    let patient = Fallback::default().first_token(Duration::from_secs(5));
    let models = crate::support::models(double).alias("back", targets);
    models.fallback(patient).service().unwrap()
}

fn counted(usage: &Usage) -> (Option<u64>, Option<u64>) {
    (usage.input, usage.output)
}

/// What the failed target is charged for, and that the other one is charged for its own.
fn charged(outcome: &Outcome, failed: &str, used: (Option<u64>, Option<u64>)) {
    let record = outcome.take();
    assert_eq!(record.others.len(), 1, "{:?}", record.others);
    let (model, usage) = &record.others[0];
    assert_eq!((&**model, counted(usage)), (failed, used));
    assert!(usage.cost_micro_usd.is_some(), "{model} has a price");
    assert_eq!(record.model.as_deref(), Some("openai/gpt-4o-mini"));
    assert_eq!(counted(&record.usage.unwrap()), (Some(9), Some(2)));
}

const RESPONSES: &str = "/v1/responses";
const CLAUDE: &str = "anthropic/claude-haiku-4-5";

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_charged_to_who_failed() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";
    let begun = || Step::Data(MESSAGES_STREAM[0].to_owned());
    for steps in [
        vec![begun(), Step::Data(error.to_owned())],
        vec![begun(), Step::Break],
        vec![begun(), Step::Wait(Duration::from_secs(60))],
    ] {
        let double = Double::new([Answer::Stream(steps), Answer::frames(&CHAT_STREAM)]);
        let (request, outcome) = observed(CHAT, chat_request("back", true));
        let response = ask(with_spare(&double, CLAUDE), request).await;
        text(response).await;
        charged(&outcome, CLAUDE, (Some(9), Some(1)));
    }
}

#[tokio::test]
async fn failures_that_count_are_charged_as_well() {
    let response = |status: &str, usage: [u64; 2]| {
        format!(
            r#"{{"id":"r","object":"response","status":"{status}","output":[],
                "error":{},"usage":{{"input_tokens":{},"output_tokens":{}}}}}"#,
            if status == "failed" {
                r#"{"code":"server_error","message":"x"}"#
            } else {
                "null"
            },
            usage[0],
            usage[1],
        )
        .replace('\n', "")
    };
    let stream = |status: &str, usage| {
        let response = response(status, usage);
        let event = format!(r#"{{"type":"response.{status}","response":{response}}}"#);
        Answer::frames(&[&format!("event: response.{status}\ndata: {event}\n\n")])
    };
    let refused = r#"{"error":{"message":"x"},"usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
    let asked = |stream: bool| format!(r#"{{"model":"back","input":"hi","stream":{stream}}}"#);
    for (failure, answer, path, body) in [
        (
            Answer::json(200, response("failed", [7, 3])),
            Answer::json(200, response("completed", [9, 2])),
            RESPONSES,
            asked(false),
        ),
        (
            stream("failed", [7, 3]),
            stream("completed", [9, 2]),
            RESPONSES,
            asked(true),
        ),
        (
            Answer::json(500, refused),
            Answer::json(200, CHAT_REPLY),
            CHAT,
            chat_request("back", false),
        ),
    ] {
        let double = Double::new([failure, answer]);
        let (request, outcome) = observed(path, body);
        text(ask(with_spare(&double, "openai/gpt-4o"), request).await).await;
        charged(&outcome, "openai/gpt-4o", (Some(7), Some(3)));
    }
}

#[tokio::test]
async fn a_client_that_does_not_wait_leaves_what_was_counted() {
    let steps = vec![Step::Data(MESSAGES_STREAM[0].to_owned()), Step::Hang];
    let double = Double::new([Answer::Stream(steps)]);
    let (request, outcome) = observed(CHAT, chat_request("back", true));
    let mut asked = Box::pin(ask(with_spare(&double, CLAUDE), request));
    while double.seen().is_empty() {
        let soon = tokio::time::timeout(Duration::from_millis(1), &mut asked);
        assert!(soon.await.is_err());
    }
    drop(asked);
    let others = outcome.take().others;
    assert_eq!(
        (&*others[0].0, counted(&others[0].1)),
        (CLAUDE, (Some(9), Some(1)))
    );
}

#[tokio::test]
async fn what_breaks_off_is_charged_once() {
    for (path, body) in [
        (MESSAGES, messages_request("claude", true)),
        (CHAT, chat_request("claude", true)),
    ] {
        let steps = MESSAGES_STREAM[..4].iter();
        let steps = steps.map(|frame| Step::Data((*frame).to_owned()));
        let double = Double::new([Answer::Stream(steps.chain([Step::Break]).collect())]);
        let (request, outcome) = observed(path, body);
        text(ask(gateway(&double), request).await).await;
        let record = outcome.take();
        assert_eq!(
            counted(&record.usage.unwrap()),
            (Some(9), Some(1)),
            "{path}"
        );
        assert_eq!(record.model.as_deref(), Some(CLAUDE));
        assert!(record.others.is_empty(), "{path}");
    }
}
