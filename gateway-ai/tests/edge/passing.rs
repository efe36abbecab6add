//! The same dialect on both sides: the bytes are the client's and the provider's own.

use http_body::Body as _;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, Step,
    ask, chat_request, gateway, header, messages_request, post, text,
};

/// Spaces, order, unknown fields, big numbers: nothing a parser would keep by itself.
const ODD: &str = "{ \"x_new\":1e2, \"messages\" : [{\"content\":\"h\\u00e9\",\"role\":\"user\"}],\n\t\"model\":\"gpt\" , \"n\":123456789012345678901234567890}";

#[tokio::test]
async fn requests_and_replies_pass_byte_for_byte() {
    let reply = CHAT_REPLY.replace("\"index\":0,", "\"index\" : 0, \"x_new\":[1.0],");
    let double = Double::new([Answer::json(200, reply.clone())]);
    let response = ask(gateway(&double), post(CHAT, ODD)).await;
    assert_eq!(header(&response, "x-gateway-model"), "openai/gpt-4o-mini");
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    assert_eq!(text(response).await, reply);
    let sent = ODD.replace("\"gpt\"", "\"gpt-4o-mini\"");
    assert_eq!(double.seen()[0].body, sent);
    assert_eq!(
        double.seen()[0].uri,
        "https://api.openai.com/v1/chat/completions"
    );
}

#[tokio::test]
async fn a_mark_of_byte_order_before_an_answer_is_passed_over() {
    let marked = format!("\u{feff}{CHAT_REPLY}");
    for (path, body) in [
        (CHAT, chat_request("gpt", false)),
        (CHAT, chat_request("gpt", true)),
        (MESSAGES, messages_request("gpt", false)),
    ] {
        let double = Double::new([Answer::json(200, marked.clone())]);
        let response = ask(gateway(&double), post(path, body)).await;
        assert_eq!(response.status(), 200, "{path}");
        let body = text(response).await;
        assert!(
            !body.contains('\u{feff}') && body.contains("Hello"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn messages_pass_too_with_their_own_headers() {
    let double = Double::new([Answer::json(200, MESSAGES_REPLY)]);
    let body = messages_request("claude", false);
    let mut request = post(MESSAGES, body.clone());
    request
        .headers_mut()
        .insert("anthropic-beta", "context-1m".parse().unwrap());
    let response = ask(gateway(&double), request).await;
    assert_eq!(text(response).await, MESSAGES_REPLY);
    let seen = &double.seen()[0];
    assert_eq!(seen.uri, "https://api.anthropic.com/v1/messages");
    assert_eq!(
        seen.body,
        body.replace("\"claude\"", "\"claude-haiku-4-5\"")
    );
    assert_eq!(seen.headers["x-api-key"], "sk-ant-operator");
    assert_eq!(seen.headers["anthropic-version"], "2023-06-01");
    assert_eq!(seen.headers["anthropic-beta"], "context-1m");
}

#[tokio::test]
async fn streams_pass_byte_for_byte_however_they_are_cut() {
    let whole: String = MESSAGES_STREAM.concat().replace("\n\n", "\r\n\r\n");
    for size in [1, 2, 3, 7, 50, 10_000] {
        let steps = whole
            .as_bytes()
            .chunks(size)
            .map(|chunk| Step::Data(String::from_utf8(chunk.to_vec()).unwrap()))
            .collect();
        let double = Double::new([Answer::Stream(steps)]);
        let response = ask(
            gateway(&double),
            post(MESSAGES, messages_request("claude", true)),
        )
        .await;
        assert_eq!(
            header(&response, "content-type"),
            "text/event-stream; charset=utf-8"
        );
        assert_eq!(header(&response, "cache-control"), "no-cache, no-transform");
        assert_eq!(header(&response, "x-accel-buffering"), "no");
        assert_eq!(text(response).await, whole, "{size}");
    }
}

#[tokio::test]
async fn usage_the_client_did_not_ask_for_is_left_out_and_nothing_else() {
    for size in [1, 5, 64, 10_000] {
        let whole = CHAT_STREAM.concat();
        let chunks: Vec<String> = whole
            .as_bytes()
            .chunks(size)
            .map(|chunk| String::from_utf8(chunk.to_vec()).unwrap())
            .collect();
        let steps = || chunks.iter().cloned().map(Step::Data).collect();
        let double = Double::new([Answer::Stream(steps()), Answer::Stream(steps())]);
        let ai = gateway(&double);
        let response = ask(ai.clone(), post(CHAT, chat_request("gpt", true))).await;
        let without = [&CHAT_STREAM[..4], &CHAT_STREAM[5..]].concat().concat();
        assert_eq!(text(response).await, without, "{size}");
        assert_eq!(
            double.seen()[0].json()["stream_options"]["include_usage"],
            true
        );

        let asks = chat_request("gpt", true).replace(
            "\"stream\"",
            "\"stream_options\":{\"include_usage\":true},\"stream\"",
        );
        let response = ask(ai, post(CHAT, asks)).await;
        assert_eq!(text(response).await, whole, "{size}");
    }
}

#[tokio::test]
async fn other_stream_options_survive() {
    let double = Double::new([Answer::frames(&CHAT_STREAM)]);
    let body = chat_request("gpt", true).replace(
        "\"stream\"",
        "\"stream_options\":{\"include_obfuscation\":false},\"stream\"",
    );
    text(ask(gateway(&double), post(CHAT, body)).await).await;
    let sent = double.seen()[0].json();
    assert_eq!(sent["stream_options"]["include_obfuscation"], false);
    assert_eq!(sent["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn comments_do_not_wait_for_an_event() {
    let steps = [CHAT_STREAM[0], CHAT_STREAM[1], ": processing\n\n"];
    let steps = steps
        .map(|text| Step::Data(text.to_owned()))
        .into_iter()
        .chain([Step::Hang]);
    let double = Double::new([Answer::Stream(steps.collect())]);
    let response = ask(gateway(&double), post(CHAT, chat_request("gpt", true))).await;
    let mut body = response.into_body();
    let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
    let data = frame.unwrap().unwrap().into_data().unwrap();
    assert!(
        data.ends_with(b": processing\n\n"),
        "all that is ready comes at once"
    );
}

#[tokio::test]
async fn nothing_a_client_sends_reaches_a_provider_but_what_belongs_there() {
    let double = Double::new([
        Answer::json(200, CHAT_REPLY),
        Answer::json(200, MESSAGES_REPLY),
    ]);
    for model in ["gpt", "claude"] {
        let mut request = post(CHAT, chat_request(model, false));
        for (name, value) in [
            ("authorization", "Bearer client"),
            ("x-api-key", "client"),
            ("x-goog-api-key", "client"),
            ("api-key", "client"),
            ("cookie", "client=1"),
            ("user-agent", "client"),
            ("x-stainless-lang", "client"),
            ("x-forwarded-for", "client"),
            ("accept-encoding", "gzip"),
            ("anthropic-beta", "client"),
            ("openai-organization", "org-1"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        ask(gateway(&double), request).await;
    }
    let seen = double.seen();
    for request in &seen {
        let all = format!("{:?}", request.headers);
        assert!(!all.contains("client"), "{all}");
        assert!(!request.headers.contains_key("accept-encoding"));
    }
    assert_eq!(seen[0].headers["authorization"], "Bearer sk-operator");
    assert_eq!(seen[0].headers["openai-organization"], "org-1");
    assert_eq!(seen[1].headers["x-api-key"], "sk-ant-operator");
    assert!(!seen[1].headers.contains_key("openai-organization"));
    assert!(!seen[1].headers.contains_key("authorization"));
}

/// What is never read cannot be refused: nothing but the outermost keys of this body makes sense.
#[tokio::test]
async fn a_prompt_of_the_same_dialect_is_not_parsed() {
    let prompt = "x".repeat(1 << 20);
    let body = format!(r#"{{"messages":{{"no":"list {prompt}"}},"model":"gpt","tools":"none"}}"#);
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let response = ask(gateway(&double), post(CHAT, body.clone())).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        double.seen()[0].body,
        body.replace("\"gpt\"", "\"gpt-4o-mini\"")
    );
}
