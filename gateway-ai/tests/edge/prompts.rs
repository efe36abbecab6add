//! Prompts as endpoints, and text around conversations.

use gateway_ai::{
    edge::AiService,
    prompt::{Decorator, Prompt, Prompts, Var},
};
use http::Method;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES_STREAM, Step, ask, chat_request,
    header, json, models, post, text,
};

fn gateway(double: &Double) -> AiService {
    let prompt = |version: u32, user: &str| {
        Prompt::builder("summarize", "fast")
            .version(version)
            .var("text", Var::string().max(20))
            .system("Be brief.")
            .user(user)
            .publish(Method::POST, "/summarize")
            .build()
            .unwrap()
    };
    models(double)
        .service()
        .unwrap()
        .prompts(Prompts::from_iter([
            prompt(2, "Old: {{ text }}"),
            prompt(3, "New: {{ text }}"),
        ]))
}

#[tokio::test]
async fn a_prompt_is_a_plain_endpoint() {
    let double = Double::new([Answer::json(200, CHAT_REPLY), Answer::json(200, CHAT_REPLY)]);
    let ai = gateway(&double);
    let response = ask(ai.clone(), post("/summarize", r#"{"text":"{{ 7*7 }}"}"#)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-gateway-model"), "openai/gpt-4o-mini");
    assert_eq!(text(response).await, r#"{"text":"Hello there"}"#);
    ask(ai, post("/summarize?version=2", r#"{"text":"a"}"#)).await;
    let sent: Vec<_> = double
        .seen()
        .iter()
        .map(|seen| seen.json()["messages"].clone())
        .collect();
    assert_eq!(sent[0][0]["content"], "Be brief.");
    assert_eq!(sent[0][1]["content"], "New: {{ 7*7 }}");
    assert_eq!(sent[1][1]["content"], "Old: a");
}

#[tokio::test]
async fn faults_name_the_variable_as_a_problem_document() {
    for (body, code, param) in [
        (r"{}", "invalid_variable", "text"),
        (r#"{"text":5}"#, "invalid_variable", "text"),
        (
            r#"{"text":"123456789012345678901"}"#,
            "invalid_variable",
            "text",
        ),
        (r#"{"text":"a","more":1}"#, "invalid_variable", "more"),
        (r"[]", "invalid_body", ""),
        (r"{", "invalid_body", ""),
    ] {
        let response = ask(gateway(&Double::default()), post("/summarize", body)).await;
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json"
        );
        let problem = json(response).await;
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["param"].as_str().unwrap_or_default(), param);
    }
}

#[tokio::test]
async fn a_failed_model_is_a_problem_too() {
    let double = Double::new([Answer::json(500, "{}"), Answer::json(401, "{}")]);
    let response = ask(gateway(&double), post("/summarize", r#"{"text":"a"}"#)).await;
    assert_eq!(response.status(), 502);
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    let problem = json(response).await;
    assert_eq!(problem["code"], "upstream_error");
    assert_eq!(problem["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_text_streams_where_it_is_asked_to() {
    let streamed = || {
        let mut request = post("/summarize", r#"{"text":"a"}"#);
        request
            .headers_mut()
            .insert("accept", "text/event-stream".parse().unwrap());
        request
    };
    let double = Double::new([Answer::json(500, "{}"), Answer::frames(&MESSAGES_STREAM)]);
    let response = ask(gateway(&double), streamed()).await;
    assert_eq!(header(&response, "x-gateway-attempts"), "2");
    let body = text(response).await;
    assert_eq!(
        body.replace(": ping\n\n", ""),
        "data: Hello\n\ndata:  there\n\nevent: done\ndata:\n\n"
    );

    let cut = CHAT_STREAM[..2]
        .iter()
        .map(|frame| Step::Data((*frame).to_owned()));
    let double = Double::new([Answer::Stream(cut.collect())]);
    let body = text(ask(gateway(&double), streamed()).await).await;
    assert!(
        body.starts_with("data: Hello\n\nevent: error\ndata: {"),
        "{body}"
    );
    assert!(!body.contains("event: done"));
}

#[tokio::test]
async fn decorators_go_around_every_conversation() {
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let ai = models(&double).service().unwrap().decorator(
        Decorator::new()
            .prepend_system("Be kind.")
            .append_user("Thanks."),
    );
    assert_eq!(
        ask(ai, post(CHAT, chat_request("gpt", false)))
            .await
            .status(),
        200
    );
    let sent = double.seen()[0].json();
    assert_eq!(sent["model"], "gpt-4o-mini");
    assert_eq!(sent["messages"][0]["content"], "Be kind.");
    assert!(
        sent["messages"][1]["content"]
            .to_string()
            .contains("Thanks."),
        "{sent}"
    );
}
