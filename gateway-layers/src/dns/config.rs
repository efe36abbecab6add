use std::net::SocketAddr;

use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Resolver;

/// How names of endpoints are resolved: each address is an endpoint.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResolveConfig {
    /// How often to ask. Defaults to when an answer expires.
    pub every: Option<Duration>,
    /// Whom to ask, such as `10.0.0.2:53`. Defaults to whom the system asks.
    pub servers: Vec<String>,
}

impl Resolver {
    /// Builds the resolver from its configuration.
    ///
    /// # Errors
    ///
    /// A server is not an address with a port, or the system's configuration cannot be read.
    pub fn from_config(config: &ResolveConfig) -> Result<Self, ConfigError> {
        let servers = config.addresses()?;
        let resolver = match &*servers {
            [] => Self::system(),
            servers => Self::with_servers(servers),
        };
        let resolver = resolver.map_err(|error| ConfigError::new("", error))?;
        Ok(match config.every {
            Some(every) => resolver.every(every.get()),
            None => resolver,
        })
    }
}

impl ResolveConfig {
    /// Checks what can be checked without a network and without a runtime.
    ///
    /// # Errors
    ///
    /// A server is not an address with a port, or `every` is nothing.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.every.is_some_and(|every| every.get().is_zero()) {
            return Err(ConfigError::new(
                "every",
                "asking without a pause is not allowed",
            ));
        }
        self.addresses().map(drop)
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, ConfigError> {
        let each = self.servers.iter().enumerate();
        each.map(|(index, text)| {
            text.parse().map_err(|_| {
                let error = ConfigError::new(format!("servers[{index}]"), "not `address:port`");
                error.with_help("write `10.0.0.2:53`")
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_with_their_path() {
        let read = |json| serde_json::from_str::<ResolveConfig>(json);
        let good = read(r#"{"every": "5s", "servers": ["127.0.0.1:53"]}"#).unwrap();
        assert!(good.check().is_ok());
        let bad = read(r#"{"servers": ["127.0.0.1:53", "localhost"]}"#).unwrap();
        assert_eq!(bad.check().unwrap_err().path(), "servers[1]");
        let bad = read(r#"{"every": "0s"}"#).unwrap();
        assert_eq!(bad.check().unwrap_err().path(), "every");
        assert!(read(r#"{"ever": "5s"}"#).is_err());
    }
}
