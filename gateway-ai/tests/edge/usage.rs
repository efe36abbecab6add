//! What a call used: reported once, whatever became of it.

use std::pin::Pin;

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

#[tokio::test]
async fn a_replaced_target_reports_nothing() {
    let double = Double::new([
        Answer::frames(&[MESSAGES_STREAM[0]]),
        Answer::frames(&CHAT_STREAM),
    ]);
    let ai = crate::support::models(&double)
        .alias(
            "back",
            [
                gateway_ai::models::target("anthropic/claude-haiku-4-5"),
                gateway_ai::models::target("openai/gpt-4o-mini"),
            ],
        )
        .service()
        .unwrap();
    let (request, outcome) = observed(CHAT, chat_request("back", true));
    let response = ask(ai, request).await;
    assert!(
        outcome.take().model.is_none(),
        "nothing is reported before the end"
    );
    text(response).await;
    assert_eq!(outcome.take().model.as_deref(), Some("openai/gpt-4o-mini"));
}
