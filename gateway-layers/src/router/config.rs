use compact_str::CompactString;
use gateway_core::config::ConfigError;
use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::Rule;

/// What a route asks of a request, as a config file says it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchConfig {
    /// The path pattern: `/orders/{id}`, `/shop/{*rest}`.
    pub path: String,
    /// Hosts, `api.example.com` or `*.example.com`. Defaults to all.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Methods. Defaults to all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Headers by name; `*` stands for any value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters by name; `*` stands for any value.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Takes paths with `%2F` inside a segment. Defaults to false.
    #[serde(default)]
    pub encoded_slash: bool,
    /// Takes paths with `;` inside a segment. Defaults to false.
    #[serde(default)]
    pub semicolon: bool,
}

impl Rule {
    /// The rule a config file describes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the part at fault.
    pub fn from_config(name: &str, config: &MatchConfig) -> Result<Self, ConfigError> {
        let mut rule = Self::new(name, &config.path)
            .map_err(|error| ConfigError::new("path", error))?
            .allow_encoded_slash(config.encoded_slash)
            .allow_semicolon(config.semicolon);
        for host in &config.hosts {
            rule = rule
                .host(host)
                .map_err(|error| ConfigError::new("hosts", error))?;
        }
        for method in &config.methods {
            rule = rule.method(parse_method(method)?);
        }
        for (name, value) in &config.headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| {
                ConfigError::new("headers", format!("`{name}` is not a header name"))
            })?;
            rule = rule.header(name, any_or(value));
        }
        for (name, value) in &config.query {
            rule = rule.query(name, any_or(value));
        }
        Ok(rule)
    }
}

fn parse_method(text: &str) -> Result<Method, ConfigError> {
    let upper = CompactString::from(text).to_ascii_uppercase();
    if upper != text {
        let fix = format!("`{text}` is not a method; did you mean `{upper}`?");
        return Err(ConfigError::new("methods", fix));
    }
    Method::from_bytes(text.as_bytes())
        .map_err(|_| ConfigError::new("methods", format!("`{text}` is not a method")))
}

fn any_or(value: &str) -> Option<&str> {
    (value != "*").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_part() {
        let lower = MatchConfig {
            path: "/".into(),
            methods: vec!["get".into()],
            ..MatchConfig::default()
        };
        let error = Rule::from_config("r", &lower).unwrap_err().to_string();
        assert!(error.contains("GET"), "{error}");
        let path = MatchConfig {
            path: "orders".into(),
            ..MatchConfig::default()
        };
        assert!(Rule::from_config("r", &path).is_err());
    }
}
