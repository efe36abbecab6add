//! What calls cost, and where it is told.

use gateway_ai::{
    catalog::{Price, Prices},
    edge::StreamCost,
};
use gateway_core::{Outcome, Usage};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, ask,
    chat_request, gateway, header, messages_request, models, post, text,
};

/// 9 tokens at $0.15 and 2 at $0.60 a million, rounded up.
const GPT: u64 = 3;
/// 9 tokens at $1 and 2 at $5 a million.
const CLAUDE: &str = "0.000019";

#[tokio::test]
async fn whole_answers_say_it_in_a_header() {
    for (path, body, reply, cost) in [
        (CHAT, chat_request("gpt", false), CHAT_REPLY, "0.000003"),
        (CHAT, chat_request("claude", false), MESSAGES_REPLY, CLAUDE),
        (
            MESSAGES,
            messages_request("claude", false),
            MESSAGES_REPLY,
            CLAUDE,
        ),
    ] {
        let double = Double::new([Answer::json(200, reply)]);
        let response = ask(gateway(&double), post(path, body)).await;
        assert_eq!(header(&response, "x-gateway-cost-usd"), cost, "{path}");
        assert!(
            response
                .extensions()
                .get::<Usage>()
                .unwrap()
                .cost_micro_usd
                .is_some()
        );
    }
}

#[tokio::test]
async fn what_has_no_price_costs_nothing_known() {
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let ai = models(&double).prices(Prices::none()).service().unwrap();
    let response = ask(ai, post(CHAT, chat_request("gpt", false))).await;
    assert!(!response.headers().contains_key("x-gateway-cost-usd"));
    let usage = *response.extensions().get::<Usage>().unwrap();
    assert_eq!((usage.output, usage.cost_micro_usd), (Some(2), None));

    // Neither has an answer nobody counted, nor an error.
    let double = Double::new([Answer::json(400, r#"{"error":{"message":"no"}}"#)]);
    let response = ask(gateway(&double), post(CHAT, chat_request("gpt", false))).await;
    assert_eq!(response.status(), 400);
    assert!(!response.headers().contains_key("x-gateway-cost-usd"));
}

#[tokio::test]
async fn the_operators_price_comes_first() {
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let own = Prices::builtin().with("openai/gpt-4o-mini", Price::new(1_000_000, 10_000_000));
    let ai = models(&double).prices(own).service().unwrap();
    let response = ask(ai, post(CHAT, chat_request("gpt", false))).await;
    assert_eq!(header(&response, "x-gateway-cost-usd"), "0.000029");
}

#[tokio::test]
async fn a_printed_stream_says_it_before_its_end() {
    let double = Double::new([
        Answer::frames(&MESSAGES_STREAM),
        Answer::frames(&CHAT_STREAM),
    ]);
    let ai = gateway(&double);
    let body = text(ask(ai.clone(), post(CHAT, chat_request("claude", true))).await).await;
    let end = format!(": gateway {{\"cost_usd\":{CLAUDE}}}\n\ndata: [DONE]\n\n");
    assert!(body.ends_with(&end), "{body}");

    let body = text(ask(ai, post(MESSAGES, messages_request("gpt", true))).await).await;
    let comment = body.find(": gateway {\"cost_usd\":0.000003}\n\n").unwrap();
    assert!(
        comment < body.find("event: message_stop").unwrap(),
        "{body}"
    );
}

#[tokio::test]
async fn a_passing_stream_stays_as_it_is_unless_asked() {
    for (costs, comment) in [
        (StreamCost::Translated, ""),
        (StreamCost::Never, ""),
        (StreamCost::Always, ": gateway {\"cost_usd\":0.000019}\n\n"),
    ] {
        let double = Double::new([Answer::frames(&MESSAGES_STREAM)]);
        let outcome = Outcome::new();
        let mut request = post(MESSAGES, messages_request("claude", true));
        request.extensions_mut().insert(outcome.clone());
        let ai = gateway(&double).stream_cost(costs);
        let body = text(ask(ai, request).await).await;
        assert_eq!(body, MESSAGES_STREAM.concat() + comment);
        let usage = outcome.take().usage.unwrap();
        assert_eq!(usage.cost_micro_usd, Some(19), "told or not, it is settled");
    }
}

#[tokio::test]
async fn a_stream_that_fails_has_its_cost_settled_and_not_told() {
    let double = Double::new([Answer::frames(&MESSAGES_STREAM[..5])]);
    let outcome = Outcome::new();
    let mut request = post(CHAT, chat_request("claude", true));
    request.extensions_mut().insert(outcome.clone());
    let body = text(ask(gateway(&double), request).await).await;
    assert!(
        body.contains("error") && !body.contains(": gateway"),
        "{body}"
    );
    // 9 tokens in and the 1 out that had been counted by then.
    assert_eq!(outcome.take().usage.unwrap().cost_micro_usd, Some(14));
}

#[tokio::test]
async fn never_means_never() {
    let double = Double::new([Answer::frames(&CHAT_STREAM)]);
    let ai = gateway(&double).stream_cost(StreamCost::Never);
    let outcome = Outcome::new();
    let mut request = post(MESSAGES, messages_request("gpt", true));
    request.extensions_mut().insert(outcome.clone());
    let body = text(ask(ai, request).await).await;
    assert!(!body.contains(": gateway"), "{body}");
    assert_eq!(outcome.take().usage.unwrap().cost_micro_usd, Some(GPT));
}
