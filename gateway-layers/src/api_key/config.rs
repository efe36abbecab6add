use std::{collections::BTreeMap, fmt};

use gateway_core::config::{ConfigError, Secret};
use http::HeaderName;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

use super::{ApiKey, ApiKeyLayer, KeySource, date};

/// Which keys are admitted, and where they are looked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// The keys, as references to secrets or with what is known about their callers.
    pub keys: Vec<ApiKeyEntryConfig>,
    /// Where to look. Defaults to `Authorization: Bearer`, `x-api-key`, `x-goog-api-key` and
    /// `api-key`.
    #[serde(default)]
    pub sources: Option<Vec<KeySourceConfig>>,
    /// Let requests without a key pass.
    #[serde(default)]
    pub optional: bool,
    /// Remove the key before the request goes further. Defaults to true.
    #[serde(default)]
    pub strip: Option<bool>,
    /// The realm of the challenge. Defaults to `gateway`.
    #[serde(default)]
    pub realm: Option<String>,
    /// The name of this set of keys. Defaults to `api_key`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Headers for upstream and the claims they hold: `x-user: sub`.
    #[serde(default)]
    pub to_upstream: BTreeMap<String, String>,
}

/// One header that may carry the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySourceConfig {
    /// The header.
    pub header: String,
    /// The scheme before the key, such as `bearer`. Without it the whole value is the key.
    #[serde(default)]
    pub scheme: Option<String>,
}

/// A key: a secret alone, or with what is known about its caller.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ApiKeyEntryConfig {
    /// The key alone; its id is the beginning of its hash.
    Key(Secret),
    /// The key and its caller.
    Caller(Box<ApiKeyCallerConfig>),
}

/// A key and its caller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyCallerConfig {
    /// The id in logs and counters.
    pub id: String,
    /// The key, by reference.
    #[serde(default)]
    pub key: Option<Secret>,
    /// Instead of the key: its SHA-256 in hex.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The tenant the caller acts for.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What the caller may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The models the caller may ask for. Without it, all.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// When the key stops working: `2027-01-31` or `2027-01-31T12:00:00Z`.
    #[serde(default)]
    pub expires: Option<String>,
}

impl ApiKeyLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If there are no keys, one is empty or given twice, or a header, hash or date is malformed.
    pub fn from_config(config: &ApiKeyConfig) -> Result<Self, ConfigError> {
        let mut keys: Vec<ApiKey> = Vec::with_capacity(config.keys.len());
        for (index, entry) in config.keys.iter().enumerate() {
            let at = |error: ConfigError| error.at(&format!("keys[{index}]"));
            let key = entry.build().map_err(at)?;
            if keys.iter().any(|known| known.digest == key.digest) {
                return Err(at(ConfigError::new("", "this key is already listed")));
            }
            if keys.iter().any(|known| known.id() == key.id()) {
                return Err(at(ConfigError::new("id", "this id is already listed")));
            }
            keys.push(key);
        }
        if keys.is_empty() && !config.optional {
            return Err(ConfigError::new("keys", "without a key nobody is admitted"));
        }
        let mut layer = Self::new(keys).optional(config.optional);
        if let Some(strip) = config.strip {
            layer = layer.strip(strip);
        }
        if let Some(realm) = &config.realm {
            layer = layer.realm(realm);
        }
        if let Some(issuer) = &config.issuer {
            layer = layer.issuer(issuer);
        }
        if let Some(sources) = &config.sources {
            layer = layer.sources(build_sources(sources)?);
        }
        for (name, claim) in &config.to_upstream {
            layer = layer.claim_to_header(claim, header(name).map_err(|e| e.at("to_upstream"))?);
        }
        Ok(layer)
    }
}

impl ApiKeyEntryConfig {
    fn build(&self) -> Result<ApiKey, ConfigError> {
        match self {
            Self::Key(secret) if secret.expose().is_empty() => Err(empty("")),
            Self::Key(secret) => Ok(ApiKey::unnamed(secret.expose())),
            Self::Caller(caller) => caller.build(),
        }
    }
}

impl ApiKeyCallerConfig {
    fn build(&self) -> Result<ApiKey, ConfigError> {
        let mut key = match (&self.key, &self.sha256) {
            (Some(key), None) if key.expose().is_empty() => return Err(empty("key")),
            (Some(key), None) => ApiKey::new(&self.id, key.expose()),
            (None, Some(hex)) => {
                let hash = unhex(hex).ok_or_else(|| {
                    ConfigError::new("sha256", "a SHA-256 is 64 hexadecimal digits")
                })?;
                ApiKey::hashed(&self.id, hash)
            }
            _ => return Err(ConfigError::new("", "write either `key` or `sha256`")),
        };
        key = key.scopes(self.scopes.iter().map(String::as_str));
        if let Some(tenant) = &self.tenant {
            key = key.tenant(tenant);
        }
        if let Some(models) = &self.models {
            key = key.models(models.iter().map(String::as_str));
        }
        if let Some(expires) = &self.expires {
            let at = date::parse(expires).ok_or_else(|| {
                ConfigError::new("expires", format!("`{expires}` is not a date"))
                    .with_help("write `2027-01-31` or `2027-01-31T12:00:00Z`")
            })?;
            key = key.expires(at);
        }
        Ok(key)
    }
}

fn build_sources(sources: &[KeySourceConfig]) -> Result<Vec<KeySource>, ConfigError> {
    if sources.is_empty() {
        return Err(ConfigError::new(
            "sources",
            "without a source no key is found",
        ));
    }
    let build = |(index, source): (usize, &KeySourceConfig)| {
        let name = header(&source.header).map_err(|e| e.at(&format!("sources[{index}].header")))?;
        Ok(match &source.scheme {
            Some(scheme) => KeySource::scheme(name, scheme),
            None => KeySource::header(name),
        })
    };
    sources.iter().enumerate().map(build).collect()
}

fn header(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ConfigError::new("", format!("`{name}` is not a header name")))
}

/// An environment variable that is set to nothing must not become a key that everybody knows.
fn empty(path: &str) -> ConfigError {
    ConfigError::new(path, "the key is empty")
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    let mut hash = [0; 32];
    if bytes.len() != 64 || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

impl<'de> Deserialize<'de> for ApiKeyEntryConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> de::Visitor<'de> for EntryVisitor {
    type Value = ApiKeyEntryConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret such as `${env:NAME}`, or a map with `id` and `key`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ApiKeyEntryConfig, E> {
        Ok(ApiKeyEntryConfig::Key(Secret::new(text)))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ApiKeyEntryConfig, A::Error> {
        let caller = ApiKeyCallerConfig::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ApiKeyEntryConfig::Caller(Box::new(caller)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<ApiKeyLayer, ConfigError> {
        ApiKeyLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn reads_every_setting_and_shows_no_secret() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let json = format!(
            r#"{{"keys": ["s3cr3t", {{"id": "a", "key": "k", "tenant": "t", "scopes": ["r"], "models": ["fast"], "expires": "2027-01-31"}},
                 {{"id": "b", "sha256": "{hash}"}}],
                 "sources": [{{"header": "X-Key"}}, {{"header": "authorization", "scheme": "key"}}],
                 "optional": true, "strip": false, "realm": "shop", "issuer": "shop-keys", "to_upstream": {{"x-user": "sub"}}}}"#
        );
        let config: ApiKeyConfig = serde_json::from_str(&json).unwrap();
        let text = format!(
            "{:?} {config:?}",
            ApiKeyLayer::from_config(&config).unwrap()
        );
        for part in [
            "x-key",
            "\"key\"",
            "optional: true",
            "strip: false",
            "shop-keys",
            "x-user",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("s3cr3t"));
    }

    #[test]
    fn mistakes_have_a_path() {
        for (json, path) in [
            (r#"{"keys": []}"#, "keys"),
            (r#"{"keys": ["k", ""]}"#, "keys[1]"),
            (r#"{"keys": ["k", "k"]}"#, "keys[1]"),
            (
                r#"{"keys": [{"id": "a", "key": "k"}, {"id": "a", "key": "l"}]}"#,
                "keys[1].id",
            ),
            (r#"{"keys": [{"id": "a"}]}"#, "keys[0]"),
            (r#"{"keys": [{"id": "a", "key": ""}]}"#, "keys[0].key"),
            (
                r#"{"keys": [{"id": "a", "sha256": "+1"}]}"#,
                "keys[0].sha256",
            ),
            (
                r#"{"keys": [{"id": "a", "key": "k", "expires": "soon"}]}"#,
                "keys[0].expires",
            ),
            (r#"{"keys": ["k"], "sources": []}"#, "sources"),
            (
                r#"{"keys": ["k"], "sources": [{"header": "a b"}]}"#,
                "sources[0].header",
            ),
            (
                r#"{"keys": ["k"], "to_upstream": {"a b": "sub"}}"#,
                "to_upstream",
            ),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
        let unknown = r#"{"keys": [{"id": "a", "key": "k", "scope": []}]}"#;
        assert!(serde_json::from_str::<ApiKeyConfig>(unknown).is_err());
    }
}
