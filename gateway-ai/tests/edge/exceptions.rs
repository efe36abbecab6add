//! Bedrock's exceptions: what it refuses, throttles and breaks off.

use serde_json::json as value;

use crate::{
    converse::{MODEL, bytes, converse, frame, gateway, messages, steps, stream},
    support::{
        Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, ask, chat_request, header, json, post, text,
    },
};

#[tokio::test]
async fn its_exceptions_keep_their_names() {
    let names = &[
        ("content-type", "application/json"),
        ("x-amzn-errortype", "ValidationException"),
        ("x-amzn-requestid", "r1"),
    ];
    let body = r#"{"message":"The role must be user or assistant."}"#;
    let double = Double::new([Answer::Whole(400, names, body.to_owned())]);
    let response = ask(gateway(&double), converse("nova", false)).await;
    assert_eq!(response.status(), 400);
    for (name, value) in names {
        assert_eq!(header(&response, name), *value);
    }
    assert_eq!(text(response).await, body);
}

#[tokio::test]
async fn refusals_are_exceptions() {
    let double = Double::new([]);
    for (model, stream, status, exception) in [
        ("nobody", false, 404, "ResourceNotFoundException"),
        ("nobody", true, 404, "ResourceNotFoundException"),
        ("..", false, 404, "ResourceNotFoundException"),
        ("bedrock/..", false, 404, "ResourceNotFoundException"),
        ("bedrock/a%00b", true, 404, "ResourceNotFoundException"),
    ] {
        let response = ask(gateway(&double), converse(model, stream)).await;
        assert_eq!(response.status(), status, "{model}");
        assert_eq!(header(&response, "x-amzn-errortype"), exception);
        let body = json(response).await;
        assert!(body["message"].is_string(), "{body}");
    }
    let broken = post("/model/nova/converse", r#"{"messages":1}"#);
    let double = Double::new([Answer::Whole(
        400,
        &[(
            "x-amzn-errortype",
            "ValidationException:http://internal.amazon.com/",
        )],
        r#"{"message":"Malformed input request"}"#.to_owned(),
    )]);
    let response = ask(gateway(&double), broken).await;
    assert_eq!(response.status(), 400);
    assert_eq!(json(response).await["message"], "Malformed input request");
    assert!(double.seen().len() <= 1);
}

#[tokio::test]
async fn a_throttled_model_has_a_successor() {
    let double = Double::new([
        Answer::Whole(
            429,
            &[("x-amzn-errortype", "ThrottlingException")],
            r#"{"message":"Too many tokens"}"#.to_owned(),
        ),
        Answer::json(200, CHAT_REPLY),
    ]);
    let response = ask(gateway(&double), converse("safe", false)).await;
    assert_eq!(header(&response, "x-gateway-model"), "openai/gpt-4o-mini");
    assert_eq!(
        header(&response, "x-gateway-fallback"),
        format!("bedrock/{MODEL}=429")
    );
}

#[tokio::test]
async fn an_exception_before_the_first_word_is_still_failover() {
    let exception = frame(
        "exception",
        "serviceUnavailableException",
        &value!({ "message": "try later" }),
    );
    let double = Double::new([
        steps(&[stream()[0].clone(), exception]),
        Answer::frames(&CHAT_STREAM),
    ]);
    let response = ask(gateway(&double), post(CHAT, chat_request("safe", true))).await;
    let body = text(response).await;
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
}

#[tokio::test]
async fn what_breaks_off_ends_in_an_exception_or_an_error() {
    let whole = stream();
    let exception = frame(
        "exception",
        "modelStreamErrorException",
        &value!({ "message": "the model gave up" }),
    );
    let mut corrupt = whole[2].clone();
    *corrupt.last_mut().unwrap() ^= 1;
    for (rest, own) in [
        (vec![exception], true),
        (vec![corrupt], false),
        (vec![whole[2][..20].to_vec()], false),
        (vec![], false),
    ] {
        let frames = [&whole[..2], &rest].concat();
        let double = Double::new([steps(&frames), steps(&frames)]);
        let ai = gateway(&double);
        let passed = messages(&bytes(ask(ai.clone(), converse("nova", true)).await).await);
        let (last, _) = passed.last().unwrap();
        assert!(last.ends_with("Exception"), "{passed:?}");
        assert_eq!(last == "modelStreamErrorException", own);
        assert_eq!(passed[1].1["delta"]["text"], "Hello");

        let body = text(ask(ai, post(CHAT, chat_request("nova", true))).await).await;
        assert!(
            body.contains("Hello") && body.contains("\"error\""),
            "{body}"
        );
        assert!(!body.contains("[DONE]"), "{body}");
    }
}

#[tokio::test]
async fn a_stream_cut_after_any_message_says_so() {
    let whole = stream();
    for cut in 2..whole.len() {
        let double = Double::new([steps(&whole[..cut])]);
        let response = ask(gateway(&double), converse("nova", true)).await;
        let passed = messages(&bytes(response).await);
        let (last, _) = passed.last().unwrap();
        // Counts are missing after the reason, but the answer is whole.
        assert_eq!(last == "messageStop", cut == 5, "{cut}: {last}");
        assert_eq!(last.ends_with("Exception"), cut < 5, "{cut}: {last}");
    }
}
