use gateway_core::config::{ByteSize, ConfigError, Duration, Named, OneOrMany};
use schemars::JsonSchema;
use serde::Deserialize;

use super::AiConfig;
use crate::{
    clients::{Client, Keeping, Profiles},
    keeper::Keeper,
};

/// Proofs of reasoning that are kept for clients that drop them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeeperConfig {
    /// Whether any are kept. Defaults to true.
    pub enabled: bool,
    /// How much is kept at most. Defaults to 16MiB.
    pub max: Option<ByteSize>,
    /// For how long. Defaults to 1h.
    pub ttl: Option<Duration>,
}

/// What is different about a client: `claude-code`, `codex`, `gemini-cli`, `vercel-ai-sdk`,
/// `langchain`, `litellm`, `pydantic-ai`, `openai-sdk`, `anthropic-sdk`, `google-genai`, `aws-sdk` or
/// `other`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// Products in `user-agent` that are this client, too: what stands before the slash.
    #[serde(default)]
    pub user_agent: OneOrMany<String>,
    /// Where proofs of reasoning go. Defaults to what the client is known for.
    #[serde(default)]
    pub keeper: Option<KeepingConfig>,
    /// Whether streams may have comments. Defaults to what the client is known for.
    #[serde(default)]
    pub comments: Option<bool>,
}

/// Where proofs of reasoning go that a client is given.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepingConfig {
    /// Into a field the client sends back, as far as its dialect has one.
    InBand,
    /// Into the store as well.
    Store,
    /// None is ever put back.
    Off,
}

impl KeeperConfig {
    /// The keeper; `None` where none is wanted.
    ///
    /// # Errors
    ///
    /// Where nothing could be kept.
    pub fn keeper(&self) -> Result<Option<Keeper>, ConfigError> {
        let mut keeper = match self.max {
            Some(max) if max.get() == 0 => {
                let why = "nothing can be kept: write `enabled: false`";
                return Err(ConfigError::new("max", why));
            }
            Some(max) => Keeper::new(max.get()),
            None => Keeper::default(),
        };
        if let Some(ttl) = self.ttl {
            if ttl.get().is_zero() {
                let why = "nothing can be kept: write `enabled: false`";
                return Err(ConfigError::new("ttl", why));
            }
            keeper = keeper.ttl(ttl.get());
        }
        Ok(self.enabled.then_some(keeper))
    }
}

impl Default for KeeperConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max: None,
            ttl: None,
        }
    }
}

impl From<KeepingConfig> for Keeping {
    fn from(config: KeepingConfig) -> Self {
        match config {
            KeepingConfig::InBand => Self::InBand,
            KeepingConfig::Store => Self::Store,
            KeepingConfig::Off => Self::Off,
        }
    }
}

impl AiConfig {
    /// What is known of clients, with what the configuration says.
    ///
    /// # Errors
    ///
    /// Where it names no client there is, or no product.
    pub fn profiles(&self) -> Result<Profiles, ConfigError> {
        profiles(&self.clients)
    }
}

fn profiles(clients: &Named<ClientConfig>) -> Result<Profiles, ConfigError> {
    let mut profiles = Profiles::default();
    for (name, config) in clients.iter() {
        let Some(client) = Client::named(name) else {
            let known: Vec<&str> = Client::ALL.map(Client::as_str).into();
            let why = format!("there is no such client; known are {}", known.join(", "));
            return Err(ConfigError::new(format!("clients.{name}"), why));
        };
        for product in config.user_agent.iter() {
            let is_name = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ',' | ';');
            if product.is_empty() || !product.chars().all(is_name) {
                let path = format!("clients.{name}.user_agent");
                let why = format!("`{product}` is no product: write what stands before the slash");
                return Err(ConfigError::new(path, why));
            }
            profiles = profiles.user_agent(product, client);
        }
        if let Some(keeping) = config.keeper {
            profiles = profiles.keeping(client, keeping.into());
        }
        if let Some(comments) = config.comments {
            profiles = profiles.comments(client, comments);
        }
    }
    Ok(profiles)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};
    use serde_json::json;

    use super::*;
    use crate::dialect::Dialect;

    #[test]
    fn a_keeper_has_the_bounds_it_was_given() {
        let keeper = |config: serde_json::Value| {
            let config: KeeperConfig = serde_json::from_value(config).unwrap();
            config.keeper()
        };
        let kept = keeper(json!({ "max": "1MiB", "ttl": "10m" }))
            .unwrap()
            .unwrap();
        assert_eq!(kept.time_to_live().as_secs(), 600);
        assert!(keeper(json!({ "enabled": false })).unwrap().is_none());
        assert_eq!(keeper(json!({ "max": "0B" })).unwrap_err().path(), "max");
        assert_eq!(keeper(json!({ "ttl": "0s" })).unwrap_err().path(), "ttl");
    }

    #[test]
    fn what_is_said_of_a_client_goes_before_what_is_known() {
        let read = |config: serde_json::Value| {
            profiles(&serde_json::from_value::<Named<ClientConfig>>(config).unwrap())
        };
        let said = json!({ "codex": { "user_agent": "acme", "keeper": "off", "comments": false } });
        let said = read(said).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static("acme/1 x"));
        let profile = said.of(&headers, Dialect::Chat);
        assert_eq!(profile.client(), Client::Codex);
        assert_eq!(
            (profile.keeping(), profile.has_comments()),
            (Keeping::Off, false)
        );
        for (config, path) in [
            (json!({ "codexx": {} }), "clients.codexx"),
            (
                json!({ "codex": { "user_agent": "a/1" } }),
                "clients.codex.user_agent",
            ),
        ] {
            assert_eq!(read(config).unwrap_err().path(), path);
        }
    }
}
