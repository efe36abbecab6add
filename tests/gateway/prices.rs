//! What calls cost, from the config file to the header, the stream and the metrics.

use gateway::doubles::{Serving, model, spawn};
use gateway_tests::{ConfigFile, Gateway, call, post};

use crate::models;

async fn start(settings: &str) -> (Gateway, ConfigFile, Serving) {
    let provider = spawn(model::ModelServer::new().router())
        .await
        .expect("a port");
    let url = provider.url();
    let (gateway, file) = models(&format!(
        "
      providers:
        openai: {{ base_url: \"{url}/v1\", keys: [\"${{env:PATH}}\"] }}
      models: {{ fast: openai/mock-small }}
      {settings}
"
    ))
    .await;
    (gateway, file, provider)
}

const CHAT: &str = r#"{"model":"fast","messages":[{"role":"user","content":"hi"}]}"#;
const STREAM: &str =
    r#"{"model":"fast","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

#[tokio::test]
async fn an_own_price_reaches_header_stream_and_metrics() {
    let (gateway, _file, _provider) = start(
        "prices: { models: { openai/mock-small: { input: 1000, output: 0 } } }
      stream_cost: always",
    )
    .await;
    let answer = post(gateway.address, "/v1/chat/completions", CHAT).await;
    let cost = answer.header("x-gateway-cost-usd").expect("a cost");
    let reply: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    // $1000 a million is a tenth of a cent a token.
    let tokens = reply["usage"]["prompt_tokens"].as_u64().expect("a count");
    assert_eq!(cost, format!("0.{tokens:03}000"), "{}", answer.body);

    let streamed = post(gateway.address, "/v1/chat/completions", STREAM).await;
    let comment = format!(": gateway {{\"cost_usd\":{cost}}}\n\n");
    assert!(streamed.body.contains(&comment), "{}", streamed.body);

    let metrics = call(gateway.admin, "GET", "/metrics", &[], "").await.body;
    let line = format!(
        "gateway_cost_micro_usd_total{{model=\"openai/mock-small\"}} {}",
        tokens * 2000
    );
    assert!(metrics.contains(&line), "{line}\n{metrics}");
    let agreed = "gateway_ai_usage_discrepancies_total{model=\"openai/mock-small\"} 0";
    assert!(metrics.contains(agreed), "{metrics}");
}

#[tokio::test]
async fn without_a_price_nothing_is_claimed() {
    for settings in ["prices: disabled", "prices: builtin"] {
        let (gateway, _file, _provider) = start(settings).await;
        let answer = post(gateway.address, "/v1/chat/completions", CHAT).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("x-gateway-cost-usd"), None, "{settings}");
    }
}
