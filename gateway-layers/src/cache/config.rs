use gateway_core::{
    Key,
    config::{ByteSize, ConfigError, Duration},
};
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CacheLayer, Store};

/// What to store, and for how long.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// How long a response is fresh whose origin does not say. Defaults to none: not stored.
    pub ttl: Option<Duration>,
    /// Whether `Last-Modified` gives a lifetime where nothing else does. Defaults to false.
    pub heuristic: bool,
    /// For how long a stale response is served while it is refreshed. Defaults to nothing.
    pub stale_while_revalidate: Option<Duration>,
    /// For how long a stale response stands in for a failed origin. Defaults to nothing.
    pub stale_if_error: Option<Duration>,
    /// The key that tells callers apart, such as `subject`. Defaults to none.
    pub partition: Option<String>,
    /// Request headers that belong to the key. Defaults to none.
    pub key_headers: Vec<String>,
    /// The longest content that is stored. Defaults to 1MiB.
    pub max_entry: Option<ByteSize>,
    /// Whether responses that set cookies are stored. Defaults to false.
    pub store_set_cookie: bool,
    /// Tags to purge by, for all responses of this layer.
    pub tags: Tags,
    /// The name in `Cache-Status`. Defaults to `gateway`.
    pub name: Option<String>,
    /// How long a request waits for another one's answer. Defaults to 10s.
    pub collapse_timeout: Option<Duration>,
    /// How many refreshes run at once. Defaults to 64.
    pub max_refreshes: Option<usize>,
    /// How long a refresh may take. Defaults to 30s.
    pub refresh_timeout: Option<Duration>,
}

/// One tag, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Tags {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Default for Tags {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Tags {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self {
            Self::One(tag) => (Some(tag), &[][..]),
            Self::Several(tags) => (None, &tags[..]),
        };
        one.into_iter().chain(several).map(String::as_str)
    }
}

impl CacheLayer {
    /// Builds the layer over `store` from its configuration.
    ///
    /// # Errors
    ///
    /// If `partition` is not a key or one of `key_headers` not a header name.
    pub fn from_config(config: &CacheConfig, store: impl Store) -> Result<Self, ConfigError> {
        let mut layer = Self::new(store)
            .heuristic(config.heuristic)
            .store_set_cookie(config.store_set_cookie);
        if let Some(ttl) = config.ttl {
            layer = layer.ttl(ttl.into());
        }
        if let Some(grace) = config.stale_while_revalidate {
            layer = layer.stale_while_revalidate(grace.into());
        }
        if let Some(grace) = config.stale_if_error {
            layer = layer.stale_if_error(grace.into());
        }
        if let Some(key) = &config.partition {
            let key = key
                .parse::<Key>()
                .map_err(|error| ConfigError::new("partition", error))?;
            layer = layer.partition(key);
        }
        for (at, name) in config.key_headers.iter().enumerate() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                let path = format!("key_headers[{at}]");
                ConfigError::new(path, format!("`{name}` is not a header name"))
            })?;
            layer = layer.key_header(name);
        }
        for tag in config.tags.iter() {
            layer = layer.tag(tag);
        }
        Ok(layer.limits(config))
    }

    fn limits(mut self, config: &CacheConfig) -> Self {
        if let Some(bytes) = config.max_entry {
            self = self.max_entry(bytes.as_usize());
        }
        if let Some(name) = &config.name {
            self = self.name(name);
        }
        if let Some(wait) = config.collapse_timeout {
            self = self.collapse_timeout(wait.into());
        }
        if let Some(most) = config.max_refreshes {
            self = self.max_refreshes(most);
        }
        if let Some(longest) = config.refresh_timeout {
            self = self.refresh_timeout(longest.into());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MemoryStore, *};

    fn build(json: &str) -> Result<CacheLayer, ConfigError> {
        let config = serde_json::from_str(json).unwrap();
        CacheLayer::from_config(&config, MemoryStore::new(1 << 20))
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let layer = build(
            r#"{"ttl": "31s", "heuristic": true, "stale_while_revalidate": "32s",
                "stale_if_error": "33s", "partition": "subject", "key_headers": ["x-lang"],
                "max_entry": "34KiB", "store_set_cookie": true, "tags": "orders", "name": "edge",
                "collapse_timeout": "35s", "max_refreshes": 36, "refresh_timeout": "37s"}"#,
        );
        let text = format!("{:?}", layer.unwrap());
        for part in [
            "31s",
            "32s",
            "33s",
            "Subject",
            "x-lang",
            "34816",
            "store_set_cookie: true",
            "orders",
            "edge",
            "35s",
            "36",
            "37s",
            "86400s",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn what_it_does_not_know_is_refused_by_name() {
        assert!(serde_json::from_str::<CacheConfig>(r#"{"tll": "1s"}"#).is_err());
        assert!(serde_json::from_str::<CacheConfig>(r#"{"ttl": 30}"#).is_err());
        assert_eq!(
            build(r#"{"partition": "subjet"}"#).unwrap_err().path(),
            "partition"
        );
        let error = build(r#"{"key_headers": ["a", "b c"]}"#).unwrap_err();
        assert_eq!(error.path(), "key_headers[1]");
        assert!(build(r#"{"tags": ["a", "b"]}"#).is_ok());
    }
}
