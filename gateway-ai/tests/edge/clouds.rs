//! Clouds whose accounts are more than a key: tokens come from scripted endpoints.

use gateway_ai::{
    auth::{EntraApp, GoogleAccount},
    edge::AiService,
    models::target,
    providers::{Provider, table},
};
use serde_json::{Value, json as value};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, Double, MESSAGES, MESSAGES_REPLY, ask, chat_request, header,
    messages_request, models, post, text,
};

const GEMINI_REPLY: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Hello there"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11}}"#;
const BASE: &str = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l";
const USER: &str =
    r#"{"type":"authorized_user","client_id":"c","client_secret":"hunter2","refresh_token":"r"}"#;

fn token(life: u64) -> Answer {
    let token =
        format!(r#"{{"access_token":"ya29-{life}","expires_in":{life},"token_type":"Bearer"}}"#);
    Answer::json(200, token)
}

fn vertex(double: &Double, account: GoogleAccount) -> AiService {
    let vertex = Provider::builder("vertex", table::find("vertex").unwrap());
    let account = account.token_url("http://127.0.0.1:9001/token");
    models(double)
        .provider("vertex", vertex.base_url(BASE).credentials(account))
        .alias("sonnet", [target("vertex/claude-sonnet-4-5@20250929")])
        .alias("flash", [target("vertex/gemini-2.5-flash")])
        .service()
        .unwrap()
}

fn user() -> GoogleAccount {
    GoogleAccount::from_json(USER).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_project_serves_gemini_and_claude() {
    let double = Double::new([
        token(3600),
        Answer::json(200, GEMINI_REPLY),
        Answer::json(200, MESSAGES_REPLY),
        Answer::json(200, MESSAGES_REPLY),
    ]);
    let ai = vertex(&double, user());
    let hello = text(ask(ai.clone(), post(CHAT, chat_request("flash", false))).await).await;
    assert!(hello.contains("Hello there"), "{hello}");
    let same = ask(
        ai.clone(),
        post(MESSAGES, messages_request("sonnet", false)),
    )
    .await;
    assert_eq!(text(same).await, MESSAGES_REPLY);
    ask(ai, post(CHAT, chat_request("sonnet", false))).await;

    let seen = double.seen();
    assert_eq!(seen[0].uri, "http://127.0.0.1:9001/token");
    assert_eq!(
        seen[0].body,
        "grant_type=refresh_token&client_id=c&client_secret=hunter2&refresh_token=r"
    );
    assert_eq!(
        seen[1].uri,
        format!("{BASE}/publishers/google/models/gemini-2.5-flash:generateContent")
    );
    for seen in &seen[2..] {
        assert_eq!(
            seen.uri,
            format!("{BASE}/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict")
        );
        let body = seen.json();
        assert_eq!(body["anthropic_version"], "vertex-2023-10-16");
        assert_eq!(body["messages"][0]["role"], "user");
        assert_eq!(body.get("model"), None);
    }
    for seen in &seen[1..] {
        assert_eq!(seen.headers["authorization"], "Bearer ya29-3600");
        assert!(seen.headers["authorization"].is_sensitive());
        assert!(!seen.headers.contains_key("x-goog-api-key"));
    }
}

#[tokio::test(start_paused = true)]
async fn many_calls_share_one_token_and_renew_it_ahead_of_its_end() {
    let mut script = vec![token(3600)];
    script.extend((0..9).map(|_| Answer::json(200, GEMINI_REPLY)));
    script.push(token(1800));
    script.push(Answer::json(200, GEMINI_REPLY));
    let double = Double::new(script);
    let ai = vertex(&double, user());
    let call = || ask(ai.clone(), post(CHAT, chat_request("flash", false)));
    let together = futures_util::future::join_all((0..8).map(|_| call())).await;
    assert!(together.iter().all(|response| response.status() == 200));
    tokio::time::advance(std::time::Duration::from_secs(3200)).await;
    assert_eq!(call().await.status(), 200);
    tokio::time::advance(std::time::Duration::from_secs(200)).await;
    assert_eq!(call().await.status(), 200);
    let tokens = |uri: &str| uri.ends_with("/token");
    let seen = double.seen();
    assert_eq!(seen.iter().filter(|seen| tokens(&seen.uri)).count(), 2);
    let last = seen.last().unwrap();
    assert_eq!(last.headers["authorization"], "Bearer ya29-1800");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_had_is_the_operators_affair() {
    for (answer, expected) in [
        (Answer::json(400, r#"{"error":"invalid_grant"}"#), 502),
        (Answer::json(200, "<html>"), 502),
        (Answer::Unreachable, 502),
        (Answer::Silence, 504),
    ] {
        let double = Double::new([answer]);
        let ai = vertex(&double, user());
        let response = ask(ai.clone(), post(CHAT, chat_request("flash", false))).await;
        assert_eq!(response.status(), expected);
        let said = text(response).await;
        assert!(
            !said.contains("hunter2") && !said.contains("invalid_grant"),
            "{said}"
        );
        // Within a second the failure answers for itself: the endpoint is not asked again.
        let again = ask(ai, post(CHAT, chat_request("flash", false))).await;
        assert_eq!(again.status(), expected);
        assert_eq!(double.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_fetched_anew() {
    let refused = r#"{"error":{"code":401,"message":"expired","status":"UNAUTHENTICATED"}}"#;
    let double = Double::new([
        token(3600),
        Answer::json(401, refused),
        token(1800),
        Answer::json(200, GEMINI_REPLY),
    ]);
    let ai = vertex(&double, user());
    let response = ask(ai.clone(), post(CHAT, chat_request("flash", false))).await;
    assert_eq!(response.status(), 502);
    let response = ask(ai, post(CHAT, chat_request("flash", false))).await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        "vertex/gemini-2.5-flash"
    );
}

#[tokio::test]
async fn a_machine_asks_the_metadata_server() {
    let double = Double::new([token(3600), Answer::json(200, GEMINI_REPLY)]);
    let ai = vertex(&double, GoogleAccount::metadata_server());
    ask(ai, post(CHAT, chat_request("flash", false))).await;
    let seen = double.seen();
    assert_eq!(seen[0].headers["metadata-flavor"], "Google");
    assert!(seen[0].body.is_empty());
}

/// Made for this test, used nowhere.
const KEY: &str = include_str!("testdata/rsa.pem");

#[tokio::test]
async fn a_service_account_signs_an_assertion() {
    let file = value!({
        "type": "service_account", "client_email": "a@p.iam.gserviceaccount.com",
        "private_key": KEY, "private_key_id": "k1", "project_id": "p",
    });
    let account = GoogleAccount::from_json(&file.to_string()).unwrap();
    assert_eq!(account.project(), Some("p"));
    let double = Double::new([token(3600), Answer::json(200, GEMINI_REPLY)]);
    ask(
        vertex(&double, account),
        post(CHAT, chat_request("flash", false)),
    )
    .await;
    let body = String::from_utf8(double.seen()[0].body.to_vec()).unwrap();
    let assertion = body
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .unwrap();
    let parts: Vec<&str> = assertion.split('.').collect();
    let read = |part: &str| -> Value {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(
        read(parts[0]),
        value!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
    );
    let claims = read(parts[1]);
    assert_eq!(claims["iss"], "a@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], "http://127.0.0.1:9001/token");
    assert_eq!(
        claims["scope"],
        "https://www.googleapis.com/auth/cloud-platform"
    );
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(life, 3600);
    // RSA with 2,048 bits.
    assert_eq!(parts[2].len(), 342);
}

#[tokio::test]
async fn azure_takes_a_key_or_a_token() {
    let double = Double::new([
        token(3600),
        Answer::json(200, CHAT_REPLY),
        Answer::json(200, CHAT_REPLY),
    ]);
    let spec = table::find("azure").unwrap();
    let base = "https://r.openai.azure.com/openai/v1";
    let app = EntraApp::new("tenant", "app", "hunter2").token_url("http://127.0.0.1:9001/token");
    let entra = Provider::builder("entra", spec)
        .base_url(base)
        .credentials(app);
    let keyed = Provider::builder("keyed", spec).base_url(base).key("k");
    let ai = models(&double)
        .provider("entra", entra)
        .provider("keyed", keyed)
        .service()
        .unwrap();
    ask(ai.clone(), post(CHAT, chat_request("entra/gpt-4o", false))).await;
    ask(ai, post(CHAT, chat_request("keyed/gpt-4o", false))).await;
    let seen = double.seen();
    assert_eq!(
        seen[0].body,
        "grant_type=client_credentials&client_id=app&client_secret=hunter2&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default"
    );
    assert_eq!(seen[1].headers["authorization"], "Bearer ya29-3600");
    assert!(!seen[1].headers.contains_key("api-key"));
    assert_eq!(seen[2].headers["api-key"], "k");
    assert!(!seen[2].headers.contains_key("authorization"));
}
