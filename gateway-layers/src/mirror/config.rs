use gateway_core::{
    SharedService,
    config::{ByteSize, ConfigError, Duration, OneOrMany, Percent},
};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

use super::MirrorLayer;

/// The options of the layer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// Where the copies go.
    pub to: String,
    /// The share of the requests that are mirrored. Defaults to `100%`.
    #[serde(default)]
    pub share: Option<Percent>,
    /// The methods that are mirrored. Defaults to `[GET, HEAD]`.
    #[serde(default)]
    pub methods: OneOrMany<String>,
    /// How long a body may be to be mirrored. Defaults to `64KiB`.
    #[serde(default)]
    pub max_body: Option<ByteSize>,
    /// How many copies there may be at a time. Defaults to 100.
    #[serde(default)]
    pub max_in_flight: Option<u32>,
    /// How much of an answer is read before it is dropped. Defaults to `1MiB`.
    #[serde(default)]
    pub max_answer: Option<ByteSize>,
    /// How long a copy may take. Defaults to `10s`.
    #[serde(default)]
    pub timeout: Option<Duration>,
}

impl MirrorLayer {
    /// Builds the layer from its configuration; `target` is what it calls `to`.
    ///
    /// # Errors
    ///
    /// A method that is none, no copy at a time, or no time for it.
    pub fn from_config(config: &MirrorConfig, target: SharedService) -> Result<Self, ConfigError> {
        let mut layer = Self::new(target);
        if let Some(share) = config.share {
            layer = layer.share(share.ratio());
        }
        if !config.methods.is_empty() {
            layer = layer.methods(methods(&config.methods)?);
        }
        if let Some(bytes) = config.max_body {
            layer = layer.max_body(bytes.as_usize());
        }
        if let Some(most) = config.max_in_flight {
            if most == 0 {
                return Err(ConfigError::new("max_in_flight", "no copy at all"));
            }
            layer = layer.max_in_flight(most as usize);
        }
        if let Some(bytes) = config.max_answer {
            layer = layer.max_answer(bytes.as_usize());
        }
        if let Some(timeout) = config.timeout {
            if timeout.get().is_zero() {
                return Err(ConfigError::new("timeout", "no time for any copy"));
            }
            layer = layer.timeout(timeout.get());
        }
        Ok(layer)
    }
}

fn methods(names: &OneOrMany<String>) -> Result<Vec<Method>, ConfigError> {
    let each = names.iter().enumerate();
    each.map(|(index, name)| {
        Method::from_bytes(name.as_bytes())
            .ok()
            .filter(|_| name.bytes().all(|byte| byte.is_ascii_uppercase()))
            .ok_or_else(|| {
                ConfigError::new(
                    format!("methods[{index}]"),
                    format!("`{name}` is no method"),
                )
                .with_help("methods are written in capitals, such as `POST`")
            })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::{Body, Request, Response};
    use tower::service_fn;

    use super::*;

    fn build(json: &str) -> Result<MirrorLayer, ConfigError> {
        let target = SharedService::new(service_fn(|_: Request| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }));
        MirrorLayer::from_config(&serde_json::from_str(json).unwrap(), target)
    }

    #[test]
    fn every_key_reaches_the_layer() {
        let json = r#"{"to": "a", "share": "10%", "methods": ["GET", "POST"], "max_body": "1KiB",
                       "max_in_flight": 7, "max_answer": "2KiB", "timeout": "3s"}"#;
        let text = format!("{:?}", build(json).unwrap());
        for part in [
            "share: 0.1",
            "[GET, POST]",
            "max_body: 1024",
            "max_in_flight: 7",
            "max_answer: 2048",
            "timeout: 3s",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"to": "a", "methods": ["GET", "get"]}"#, "methods[1]"),
            (r#"{"to": "a", "max_in_flight": 0}"#, "max_in_flight"),
            (r#"{"to": "a", "timeout": "0s"}"#, "timeout"),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
    }
}
