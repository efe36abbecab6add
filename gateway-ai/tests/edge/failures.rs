//! The table of failures: what falls back, what the client is told, and when it is too late.

use std::time::Duration;

use gateway_ai::{fallback::Fallback, models::Keys};
use gateway_core::GatewayError;

use crate::support::{
    Answer, CHAT, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, Step, ask,
    chat_request, gateway, header, json, messages_request, models, post, text,
};

const OPENAI_ERROR: &str = r#"{"error":{"message":"no","type":null,"param":null,"code":null}}"#;

fn failed(status: u16) -> Answer {
    Answer::json(status, OPENAI_ERROR)
}

/// The first target answers with `first`, the second as it should.
async fn falls_back(first: Answer, stream: bool) -> (String, String) {
    let second = if stream {
        Answer::frames(&MESSAGES_STREAM)
    } else {
        Answer::json(200, MESSAGES_REPLY)
    };
    let double = Double::new([first, second]);
    let ai = models(&double).fallback(Fallback::default().first_token(Duration::from_secs(10)));
    let response = ask(
        ai.service().unwrap(),
        post(CHAT, chat_request("fast", stream)),
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-gateway-attempts"), "2");
    assert_eq!(
        header(&response, "x-gateway-model"),
        "anthropic/claude-haiku-4-5"
    );
    let reason = header(&response, "x-gateway-fallback").to_owned();
    (reason, text(response).await)
}

#[tokio::test]
async fn every_failure_of_the_table_falls_back() {
    for (answer, reason) in [
        (Answer::Unreachable, "connect"),
        (failed(401), "401"),
        (failed(402), "402"),
        (failed(408), "408"),
        (
            Answer::Whole(429, &[("retry-after", "7")], OPENAI_ERROR.to_owned()),
            "429",
        ),
        (failed(500), "500"),
        (failed(503), "503"),
        (Answer::json(200, OPENAI_ERROR), "upstream_error"),
        (Answer::json(200, "<html>"), "malformed"),
    ] {
        let (header, body) = falls_back(answer, false).await;
        assert_eq!(header, format!("openai/gpt-4o-mini={reason}"));
        assert!(body.contains(r#""content":"Hello there""#), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_a_stream_that_has_not_said_anything() {
    let error = format!("data: {OPENAI_ERROR}\n\n");
    let data = |text: &str| Step::Data(text.to_owned());
    for (steps, reason) in [
        (vec![data(&error)], "upstream_error"),
        (vec![data(CHAT_STREAM[0]), data(&error)], "upstream_error"),
        (vec![], "truncated"),
        (vec![data(CHAT_STREAM[0])], "truncated"),
        (vec![Step::Break], "truncated"),
        (vec![data(CHAT_STREAM[0]), Step::Break], "truncated"),
        (
            vec![
                data(": keep-alive\n\n"),
                Step::Wait(Duration::from_secs(11)),
            ],
            "timeout",
        ),
        (vec![data(CHAT_STREAM[0]), Step::Hang], "timeout"),
    ] {
        let (header, body) = falls_back(Answer::Stream(steps), true).await;
        assert_eq!(header, format!("openai/gpt-4o-mini={reason}"));
        assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
        assert!(
            !body.contains("chatcmpl-1"),
            "nothing of the first target is seen: {body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_target_is_left_after_the_first_token_clock() {
    let (reason, _) = falls_back(Answer::Silence, true).await;
    assert_eq!(reason, "openai/gpt-4o-mini=timeout");
}

#[tokio::test(start_paused = true)]
async fn after_the_commit_a_cut_is_an_error_in_the_clients_dialect() {
    for cut in [None, Some(Step::Break)] {
        let cut = || cut.as_ref().map(|_| Step::Break);
        let mut chat: Vec<_> = CHAT_STREAM[..3]
            .iter()
            .map(|frame| Step::Data((*frame).to_owned()))
            .collect();
        chat.push(Step::Data("data: {\"id\":\"chatcm".to_owned()));
        chat.extend(cut());
        for (path, request) in [
            (CHAT, chat_request("fast", true)),
            (MESSAGES, messages_request("fast", true)),
        ] {
            let mut steps = Vec::new();
            for step in &chat {
                steps.push(match step {
                    Step::Data(data) => Step::Data(data.clone()),
                    _ => Step::Break,
                });
            }
            let double = Double::new([Answer::Stream(steps)]);
            let response = ask(gateway(&double), post(path, request)).await;
            assert_eq!(header(&response, "x-gateway-attempts"), "1");
            let body = text(response).await;
            assert!(body.contains("Hello"), "{body}");
            assert!(
                !body.contains("[DONE]") && !body.contains("message_stop"),
                "{body}"
            );
            let last = body.trim_end().rsplit("\n\n").next().unwrap();
            if path == CHAT {
                assert!(last.starts_with("data: {\"error\":{"), "{body}");
            } else {
                assert!(
                    last.starts_with("event: error\ndata: {\"type\":\"error\""),
                    "{body}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_in_the_middle_ends_the_stream() {
    let steps = CHAT_STREAM[..3]
        .iter()
        .map(|frame| Step::Data((*frame).to_owned()));
    let double = Double::new([Answer::Stream(steps.chain([Step::Hang]).collect())]);
    let ai = models(&double).fallback(Fallback::default().idle(Duration::from_secs(5)));
    let began = tokio::time::Instant::now();
    let response = ask(ai.service().unwrap(), post(CHAT, chat_request("gpt", true))).await;
    let body = text(response).await;
    assert!(
        body.contains("{\"error\":{") && !body.contains("[DONE]"),
        "{body}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(double.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn words_keep_the_idle_clock_from_ending() {
    let mut steps = Vec::new();
    for frame in CHAT_STREAM {
        steps.push(Step::Data(frame.to_owned()));
        steps.push(Step::Wait(Duration::from_secs(4)));
    }
    let double = Double::new([Answer::Stream(steps)]);
    let ai = models(&double).fallback(Fallback::default().idle(Duration::from_secs(5)));
    let response = ask(ai.service().unwrap(), post(CHAT, chat_request("gpt", true))).await;
    assert!(text(response).await.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn when_all_fail_the_client_gets_5xx_and_the_list() {
    for (answers, status, reason) in [
        ([failed(401), failed(401)], 502, "401"),
        ([failed(500), failed(500)], 502, "500"),
        ([failed(500), failed(403)], 502, "403"),
        ([failed(500), failed(503)], 503, "503"),
        ([failed(500), failed(402)], 503, "402"),
        ([failed(500), Answer::Unreachable], 502, "connect"),
    ] {
        let double = Double::new(answers);
        let response = ask(gateway(&double), post(CHAT, chat_request("fast", false))).await;
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "x-gateway-attempts"), "2");
        let cause = response.extensions().get::<GatewayError>().unwrap();
        assert_eq!(cause.code(), "upstream_error");
        let body = json(response).await;
        assert_eq!(body["error"]["code"], "upstream_error");
        assert_eq!(body["error"]["type"], "server_error");
        assert_eq!(body["error"]["attempts"][1]["reason"], reason);
        assert!(!body.to_string().contains("sk-"), "{body}");
    }
}

#[tokio::test]
async fn a_rate_limit_of_the_last_target_reaches_the_client_with_its_wait() {
    for (path, request) in [
        (CHAT, chat_request("gpt", false)),
        (MESSAGES, messages_request("gpt", true)),
    ] {
        let limited = r#"{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
        let double = Double::new([Answer::Whole(
            429,
            &[("retry-after", "7")],
            limited.to_owned(),
        )]);
        let response = ask(gateway(&double), post(path, request)).await;
        assert_eq!(response.status(), 429);
        assert_eq!(header(&response, "retry-after"), "7");
        assert!(text(response).await.contains("slow down"));
    }
}

#[tokio::test]
async fn what_only_the_client_can_mend_does_not_fall_back() {
    let wrong = r#"{"error":{"message":"bad tool","type":"invalid_request_error","param":"tools[0]","code":"x"}}"#;
    let double = Double::new([Answer::json(400, wrong), Answer::json(400, wrong)]);
    let response = ask(gateway(&double), post(CHAT, chat_request("fast", true))).await;
    assert_eq!(response.status(), 400);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(text(response).await, wrong, "the provider's own bytes");

    let response = ask(
        gateway(&double),
        post(MESSAGES, messages_request("fast", true)),
    )
    .await;
    assert_eq!(response.status(), 400);
    let body = json(response).await;
    assert_eq!(body["type"], "error");
    assert_eq!(body["error"]["type"], "invalid_request_error");
    assert!(
        body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("bad tool")
    );
}

#[tokio::test]
async fn a_page_of_what_stands_before_a_provider_is_told_in_the_callers_words() {
    for (path, request) in [
        (CHAT, chat_request("gpt", false)),
        (MESSAGES, messages_request("claude", false)),
    ] {
        for (status, page) in [
            (400, "<html><h1>Bad Request</h1></html>"),
            (413, "payload too large"),
            (429, "\"slow down\""),
        ] {
            let page = Answer::Whole(status, &[("content-type", "text/html")], page.to_owned());
            let response = ask(gateway(&Double::new([page])), post(path, request.clone())).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(header(&response, "content-type"), "application/json");
            let body = json(response).await;
            assert!(body["error"]["type"].is_string(), "{path} {status}: {body}");
            assert!(
                body["error"]["message"].is_string(),
                "{path} {status}: {body}"
            );
        }
    }
}

#[tokio::test]
async fn a_refused_key_gives_way_to_the_next() {
    let double = Double::new([failed(401), Answer::json(200, crate::support::CHAT_REPLY)]);
    let keys = Keys::new()
        .key("openai", "one")
        .key("openai", "two")
        .key("anthropic", "a");
    let ai = models(&double).keys(keys).service().unwrap();
    let response = ask(ai, post(CHAT, chat_request("gpt", false))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "x-gateway-attempts"),
        "1",
        "one target was asked"
    );
    let keys: Vec<_> = double
        .seen()
        .iter()
        .map(|s| s.headers["authorization"].clone())
        .collect();
    assert_eq!(keys, ["Bearer one", "Bearer two"]);
}

#[tokio::test(start_paused = true)]
async fn the_clients_deadline_holds_for_all_attempts_together() {
    let double = Double::new([Answer::Silence, Answer::Silence]);
    let began = tokio::time::Instant::now();
    let mut request = post(CHAT, chat_request("fast", false));
    request
        .headers_mut()
        .insert("x-gateway-timeout", "3s".parse().unwrap());
    let response = ask(gateway(&double), request).await;
    assert_eq!(response.status(), 504);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}
