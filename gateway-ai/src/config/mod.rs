//! The `ai` section of a configuration file.
//!
//! Plain data, and [`AiService::from_config`](crate::edge::AiService::from_config) that hands it,
//! field by field, to the public builders: nothing is possible in a file that is not possible in
//! Rust, and every fault is reported with the path to it.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{config::AiConfig, edge::AiService, providers::HttpClient};
//!
//! let config: AiConfig = serde_json::from_str(r#"{
//!     "providers": {
//!         "openai": { "keys": ["sk-1"] },
//!         "my-vllm": { "kind": "openai", "base_url": "http://127.0.0.1:8000/v1" }
//!     },
//!     "models": {
//!         "fast": ["openai/gpt-4o-mini", "my-vllm/llama3"],
//!         "smart": { "split": { "openai/gpt-4o": "80%", "fast": "20%" }, "then": ["my-vllm/llama3"] }
//!     },
//!     "fallback": { "for": ["connect", 429, "5xx"], "first_token": "10s" }
//! }"#)?;
//!
//! let ai = AiService::from_config(&config, HttpClient::default())?;
//! assert_eq!(ai.catalog().names()[..2], ["fast", "smart"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Faults
//!
//! ```
//! use gateway_ai::{config::AiConfig, edge::AiService, providers::HttpClient};
//!
//! let config: AiConfig = serde_json::from_str(r#"{ "models": { "fast": "fats" } }"#)?;
//! let error = AiService::from_config(&config, HttpClient::default()).unwrap_err();
//! assert_eq!(error.path(), "models.fast");
//! # Ok::<(), serde_json::Error>(())
//! ```

mod build;
mod cloud;
mod fallback;
mod guardian;
mod keeper;
mod model;
mod price;
#[cfg(feature = "prompt")]
mod prompt;
mod provider;
mod websocket;

use gateway_core::config::{ByteSize, Named, OneOrMany};
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(feature = "prompt")]
pub use self::prompt::{DecorateConfig, PromptConfig, VarConfig};
pub use self::{
    fallback::{CommitConfig, ConditionConfig, FallbackConfig},
    guardian::GuardianConfig,
    keeper::{ClientConfig, KeeperConfig, KeepingConfig},
    model::{ModelConfig, SplitConfig},
    price::{
        LongPriceConfig, PriceConfig, PriceListConfig, PriceSourceConfig, PricesConfig,
        StreamCostConfig, Usd,
    },
    provider::{OpenAiDialect, ProviderConfig},
    websocket::WebSocketConfig,
};

/// Models, who answers for them, and what happens when they fail.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AiConfig {
    /// Who answers, by the name used in targets.
    #[serde(default)]
    pub providers: Named<ProviderConfig>,
    /// Aliases: one target, a list tried in order, or a split.
    #[serde(default)]
    pub models: Named<ModelConfig>,
    /// When the next target is asked, and how long anything may take.
    #[serde(default)]
    pub fallback: FallbackConfig,
    /// Answers 400 where a translation would lose something. Defaults to false: losses are named in
    /// `x-gateway-lossy`.
    #[serde(default)]
    pub strict: bool,
    /// What models cost. Defaults to `builtin`.
    #[serde(default)]
    pub prices: PricesConfig,
    /// Which streams say in a comment what they cost. Defaults to `translated`.
    #[serde(default)]
    pub stream_cost: StreamCostConfig,
    /// Proofs of reasoning that are kept for clients that drop them.
    #[serde(default)]
    pub keeper: KeeperConfig,
    /// What keeps the turns of a conversation where its beginning is cached.
    #[serde(default)]
    pub guardian: GuardianConfig,
    /// What is different about clients, by the name of their profile.
    #[serde(default)]
    pub clients: Named<ClientConfig>,
    /// The largest request body. Defaults to 4MiB.
    #[serde(default)]
    pub max_request: Option<ByteSize>,
    /// Who keeps files and batches: a provider that speaks OpenAI's API, one that speaks Anthropic's, or
    /// both. Defaults to nobody.
    #[serde(default)]
    pub files: OneOrMany<String>,
    /// How long WebSockets are open.
    #[serde(default)]
    pub websocket: WebSocketConfig,
    /// Prompts by name, or `name@version`.
    #[cfg(feature = "prompt")]
    #[serde(default)]
    pub prompts: Named<PromptConfig>,
    /// Text put around every conversation of this route.
    #[cfg(feature = "prompt")]
    #[serde(default)]
    pub decorate: DecorateConfig,
}
