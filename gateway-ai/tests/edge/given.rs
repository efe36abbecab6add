//! What a provider gives beside its words: headers, types, keep-alives, thoughts before words.

use std::time::Duration;

use gateway_ai::fallback::Fallback;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_STREAM, Step, ask,
    chat_request, gateway, header, json, messages_request, models, post, text,
};

fn data(text: &str) -> Step {
    Step::Data(text.to_owned())
}

#[tokio::test]
async fn headers_about_the_answer_are_kept_and_none_about_the_connection_or_the_account() {
    let headers = &[
        ("content-type", "application/json"),
        ("x-request-id", "req_1"),
        ("x-should-retry", "false"),
        ("retry-after-ms", "1500"),
        ("x-ratelimit-remaining-requests", "3"),
        ("anthropic-ratelimit-tokens-remaining", "5"),
        ("openai-organization", "operators"),
        ("set-cookie", "a=b"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("content-length", "999999"),
    ];
    for model in ["gpt", "claude"] {
        let double = Double::new([Answer::Whole(200, headers, CHAT_REPLY.to_owned())]);
        let path = if model == "gpt" { CHAT } else { MESSAGES };
        let body = if model == "gpt" {
            chat_request("gpt", false)
        } else {
            messages_request("gpt", false)
        };
        let response = ask(gateway(&double), post(path, body)).await;
        assert_eq!(response.status(), 200);
        for (name, value) in &headers[1..4] {
            assert_eq!(header(&response, name), *value, "{path} {name}");
        }
        for (name, _) in &headers[4..10] {
            assert_eq!(header(&response, name), "", "{path} {name}");
        }
        let length = header(&response, "content-length").to_owned();
        let body = text(response).await;
        assert!(
            length.is_empty() || length == body.len().to_string(),
            "{path} {length}"
        );
    }
}

#[tokio::test]
async fn a_stream_is_one_whatever_it_calls_itself() {
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/octet-stream")],
    ] {
        for (path, body, end) in [
            (CHAT, chat_request("gpt", true), "data: [DONE]\n\n"),
            (
                MESSAGES,
                messages_request("gpt", true),
                "{\"type\":\"message_stop\"}\n\n",
            ),
        ] {
            let double = Double::new([Answer::Whole(200, headers, CHAT_STREAM.concat())]);
            let response = ask(gateway(&double), post(path, body)).await;
            assert_eq!(
                header(&response, "content-type"),
                "text/event-stream; charset=utf-8"
            );
            assert!(text(response).await.ends_with(end), "{path} {headers:?}");
        }
    }
    let refused = r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#;
    let double = Double::new([Answer::Whole(
        200,
        &[("content-type", "text/event-stream")],
        refused.to_owned(),
    )]);
    let response = ask(
        gateway(&double),
        post(MESSAGES, messages_request("gpt", true)),
    )
    .await;
    assert_eq!(json(response).await["error"]["type"], "rate_limit_error");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_it_is_alive_is_not_silent() {
    for (path, body, alive) in [
        (CHAT, chat_request("gpt", true), ": keep-alive\n\n"),
        (
            MESSAGES,
            messages_request("gpt", true),
            "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        ),
        (
            MESSAGES,
            messages_request("claude", true),
            "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        ),
    ] {
        let (frames, at): (&[&str], usize) = match body.contains("claude") {
            true => (&MESSAGES_STREAM, 4),
            false => (&CHAT_STREAM, 2),
        };
        let sent = if frames.len() == 6 {
            ": keep-alive\n\n"
        } else {
            "event: ping\ndata: {\"type\": \"ping\"}\n\n"
        };
        let mut steps: Vec<Step> = frames[..at].iter().map(|frame| data(frame)).collect();
        for _ in 0..4 {
            steps.extend([Step::Wait(Duration::from_secs(4)), data(sent)]);
        }
        steps.extend(frames[at..].iter().map(|frame| data(frame)));
        let double = Double::new([Answer::Stream(steps)]);
        let ai = models(&double).fallback(Fallback::default().idle(Duration::from_secs(5)));
        let response = ask(ai.service().unwrap(), post(path, body)).await;
        let body = text(response)
            .await
            .replace("\"type\": \"ping\"", "\"type\":\"ping\"");
        assert!(body.matches(alive).count() >= 4, "{path}: {body}");
        assert!(
            body.contains(" there") && !body.contains("error"),
            "{path}: {body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_thought_is_a_first_word() {
    let thought = [
        MESSAGES_STREAM[0],
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    ];
    let words = MESSAGES_STREAM[6..].iter();
    // Without the thought the first target would be left after ten seconds.
    for (spoken, attempts) in [(3, "1"), (2, "2")] {
        let mut steps: Vec<Step> = thought[..spoken].iter().map(|frame| data(frame)).collect();
        steps.push(Step::Wait(Duration::from_secs(11)));
        steps.extend(
            thought[spoken..]
                .iter()
                .chain(words.clone())
                .map(|frame| data(frame)),
        );
        let double = Double::new([Answer::Stream(steps), Answer::frames(&CHAT_STREAM)]);
        let target = gateway_ai::models::target;
        let ai = models(&double)
            .alias(
                "back",
                [
                    target("anthropic/claude-haiku-4-5"),
                    target("openai/gpt-4o-mini"),
                ],
            )
            .fallback(Fallback::default().first_token(Duration::from_secs(10)))
            .service()
            .unwrap();
        let response = ask(ai, post(CHAT, chat_request("back", true))).await;
        assert_eq!(header(&response, "x-gateway-attempts"), attempts);
        assert!(text(response).await.ends_with("data: [DONE]\n\n"));
    }
}
