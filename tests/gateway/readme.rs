//! The README's own examples: what it shows compiles and loads.

use std::{error::Error, path::Path};

use axum::{extract::Path as Segment, routing::get};
use gateway::config;
use gateway_ai::models::{Keys, Models, target};
use gateway_core::{
    Key,
    config::{Format, Lookup, Source},
};
use gateway_layers::{
    api_key::{ApiKey, ApiKeyLayer},
    cache::CacheLayer,
    client_ip::ClientIpLayer,
    rate_limit::{RateLimitLayer, per_minute},
};
use tower::ServiceBuilder;

const README: &str = include_str!("../../README.md");

async fn order(Segment(id): Segment<u64>) -> String {
    id.to_string()
}

#[rustfmt::skip]
fn rust() -> Result<axum::Router, Box<dyn Error>> {
// begin
let limits = ServiceBuilder::new()
    .layer(ClientIpLayer::direct())
    .layer(ApiKeyLayer::new([ApiKey::new("partner-7", &std::env::var("PARTNER_KEY")?)]))
    .layer(RateLimitLayer::new(per_minute(600).burst(50)).key(Key::Subject.or(Key::ClientIp)))
    .layer(CacheLayer::memory(64 << 20).partition(Key::Subject));

let ai = Models::new()
    .alias("fast", [target("openai/gpt-4o-mini"), target("anthropic/claude-haiku-4-5")])
    .keys(Keys::from_env())
    .service()?;

let app = axum::Router::new().route("/orders/{id}", get(order)).layer(limits).fallback_service(ai);
// end
Ok(app)
}

fn block(language: &str) -> &'static str {
    let start = README
        .find(&format!("```{language}\n"))
        .expect("the README has such a block");
    let block = &README[start + language.len() + 4..];
    &block[..block.find("```").expect("it ends")]
}

#[test]
fn the_rust_is_this_file() {
    let this = include_str!("readme.rs");
    let (_, after) = this.split_once("// begin\n").unwrap();
    let (code, _) = after.split_once("// end\n").unwrap();
    assert_eq!(block("rust"), code);
    // Without keys it says which one is missing instead of starting.
    assert!(rust().is_err());
}

struct AnyKey;

impl Lookup for AnyKey {
    fn env(&self, name: &str) -> Option<String> {
        Some(format!("a value of {name}"))
    }

    fn file(&self, _: &Path) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

#[test]
fn the_yaml_loads() {
    let yaml = block("yaml");
    assert!(yaml.lines().count() <= 17, "it is meant to be short");
    let source = Source::new("README.md", yaml);
    let loaded = config::load_text(source, Format::Yaml, &AnyKey);
    assert!(
        loaded.is_ok(),
        "{}",
        loaded.err().map(|f| f.to_string()).unwrap_or_default()
    );
}
