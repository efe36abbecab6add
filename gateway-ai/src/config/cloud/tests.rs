use serde_json::{Value, json};

use super::*;
use crate::{config::AiConfig, edge::AiService, providers::HttpClient};

fn build(kind: &str, provider: &Value) -> Result<AiService, ConfigError> {
    let config = json!({ "providers": { kind: provider } });
    let config: AiConfig = serde_json::from_value(config).expect("a configuration");
    AiService::from_config(&config, HttpClient::default())
}

/// Kind, section, and the field at fault.
type Case = (&'static str, Value, Option<&'static str>);

fn aws() -> Vec<Case> {
    let (id, secret) = ("AKIDEXAMPLE", "hunter2");
    vec![
        (
            "bedrock",
            json!({ "region": "us-east-1", "access_key_id": id, "secret_access_key": secret }),
            None,
        ),
        (
            "bedrock",
            json!({ "region": "us-east-1", "keys": "bedrock-key" }),
            None,
        ),
        ("bedrock", json!({ "base_url": "http://127.0.0.1:1" }), None),
        (
            "bedrock",
            json!({ "access_key_id": id, "secret_access_key": secret }),
            Some("region"),
        ),
        (
            "bedrock",
            json!({ "region": "a/b", "keys": "k" }),
            Some("region"),
        ),
        (
            "bedrock",
            json!({ "region": "us-east-1", "access_key_id": id }),
            Some("secret_access_key"),
        ),
        (
            "bedrock",
            json!({ "region": "us-east-1", "secret_access_key": secret }),
            Some("access_key_id"),
        ),
        (
            "bedrock",
            json!({ "region": "us-east-1" }),
            Some("access_key_id"),
        ),
        (
            "bedrock",
            json!({ "region": "us-east-1", "keys": "k", "access_key_id": id, "secret_access_key": secret }),
            Some("credentials"),
        ),
        (
            "openai",
            json!({ "keys": "k", "region": "us-east-1" }),
            Some("region"),
        ),
    ]
}

fn google() -> Vec<Case> {
    let user =
        r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    vec![
        ("vertex", json!({ "project": "p" }), None),
        (
            "vertex",
            json!({ "project": "p", "location": "europe-west4", "credentials": user }),
            None,
        ),
        ("vertex", json!({}), Some("project")),
        ("vertex", json!({ "project": "p/../q" }), Some("project")),
        (
            "vertex",
            json!({ "project": "p", "credentials": "{}" }),
            Some("credentials"),
        ),
        (
            "vertex",
            json!({ "project": "p", "token_url": "x" }),
            Some("credentials"),
        ),
    ]
}

fn others() -> Vec<Case> {
    vec![
        (
            "azure",
            json!({ "base_url": "https://r.openai.azure.com/openai/v1", "tenant_id": "t", "client_id": "c", "client_secret": "s" }),
            None,
        ),
        (
            "azure",
            json!({ "resource": "r", "keys": "k", "api_version": "2024-10-21" }),
            None,
        ),
        (
            "azure",
            json!({ "resource": "r", "keys": "k", "api_version": "a&b" }),
            Some("api_version"),
        ),
        (
            "openai",
            json!({ "keys": "k", "api_version": "2024-10-21" }),
            Some("api_version"),
        ),
        (
            "watsonx",
            json!({ "region": "eu-de", "project": "p", "keys": "k" }),
            None,
        ),
        (
            "watsonx",
            json!({ "project": "p", "keys": "k" }),
            Some("region"),
        ),
        (
            "watsonx",
            json!({ "region": "eu-de", "keys": "k" }),
            Some("project"),
        ),
        (
            "watsonx",
            json!({ "region": "eu-de", "project": "p" }),
            Some("keys"),
        ),
        (
            "azure",
            json!({ "base_url": "https://r.openai.azure.com/openai/v1", "tenant_id": "t" }),
            Some("client_id"),
        ),
    ]
}

#[test]
fn accounts_are_complete_or_refused_by_name() {
    for (kind, provider, fault) in aws().into_iter().chain(google()).chain(others()) {
        let path = build(kind, &provider)
            .err()
            .map(|error| error.path().to_owned());
        let expected = fault.map(|field| format!("providers.{kind}.{field}"));
        assert_eq!(path, expected, "{provider}");
    }
}
