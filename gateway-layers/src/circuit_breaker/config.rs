use std::{collections::BTreeMap, fmt::Display};

use gateway_core::config::{ConfigError, Duration, Percent};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Breaker, CircuitBreakerLayer, Fallback};

/// When a circuit opens, and how it closes again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CircuitBreakerConfig {
    /// The share of failures at which the circuit opens. Defaults to `50%`, or to never where
    /// `consecutive` is set.
    pub error_ratio: Option<Percent>,
    /// How many requests there must be for their share of failures to count. Defaults to 20.
    pub min_requests: Option<u32>,
    /// How many failures in a row open the circuit. Defaults to no such rule.
    pub consecutive: Option<u32>,
    /// How far back failures count. Defaults to `10s`.
    pub window: Option<Duration>,
    /// How long the circuit stays open before a request is let through to see. Defaults to `10s`.
    pub open: Option<Duration>,
    /// The bound of that time, which doubles each time such a request fails. Defaults to `open`:
    /// it does not double.
    pub max_open: Option<Duration>,
    /// How many requests are let through to see, and how many good answers close the circuit.
    /// Defaults to 2.
    pub probes: Option<u32>,
    /// Which statuses of an answer are failures. Defaults to all from 500 on.
    pub statuses: Option<Vec<u16>>,
    /// What is answered while the circuit of a route is open. Defaults to a 503 that says so. For
    /// the circuits of endpoints there is none: another endpoint is asked.
    pub fallback: Option<FallbackConfig>,
}

/// An answer in place of the refusal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackConfig {
    /// Its status. Defaults to 503.
    pub status: u16,
    /// Its headers. Defaults to none.
    pub headers: BTreeMap<String, String>,
    /// Its content. Defaults to none.
    pub body: String,
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }
}

impl Fallback {
    fn from_config(config: &FallbackConfig) -> Result<Self, ConfigError> {
        let status = StatusCode::from_u16(config.status)
            .ok()
            .filter(|status| !status.is_informational());
        let status =
            status.ok_or_else(|| ConfigError::new("status", "not the status of an answer"))?;
        let mut fallback = Self::new(status, config.body.clone());
        for (name, value) in &config.headers {
            let at = |error: &dyn Display| ConfigError::new(format!("headers.{name}"), error);
            let field = HeaderName::try_from(name).map_err(|error| at(&error))?;
            let value = HeaderValue::try_from(value).map_err(|error| at(&error))?;
            fallback = fallback.header(field, value);
        }
        Ok(fallback)
    }
}

impl Breaker {
    /// Builds the rules of an endpoint's circuit from their configuration.
    ///
    /// # Errors
    ///
    /// A rule that opens at once or never, a status that is not one, or a `fallback`.
    pub fn from_config(config: &CircuitBreakerConfig) -> Result<Self, ConfigError> {
        if config.fallback.is_some() {
            return Err(ConfigError::new("fallback", "an endpoint has none")
                .with_help("give it to the `circuit_breaker` of a route"));
        }
        Self::rules(config)
    }

    fn rules(config: &CircuitBreakerConfig) -> Result<Self, ConfigError> {
        let mut rules = Self::new();
        if config.consecutive.is_some() {
            rules = rules.error_ratio(None).consecutive(config.consecutive);
        }
        if let Some(ratio) = config.error_ratio {
            rules = rules.error_ratio(ratio.ratio());
        }
        if let Some(requests) = config.min_requests {
            rules = rules.min_requests(requests);
        }
        if let Some(window) = config.window {
            rules = rules.window(window.get());
        }
        if let Some(open) = config.open {
            rules = rules.open(open.get());
            rules = rules.max_open(open.get());
        }
        if let Some(most) = config.max_open {
            rules = rules.max_open(most.get());
        }
        if let Some(probes) = config.probes {
            rules = rules.probes(probes);
        }
        if let Some(statuses) = &config.statuses {
            rules = rules.statuses(read(statuses)?);
        }
        config.check(&rules)?;
        Ok(rules)
    }
}

impl CircuitBreakerConfig {
    fn check(&self, rules: &Breaker) -> Result<(), ConfigError> {
        let zero = |key, number: Option<u32>, message| match number {
            Some(0) => Err(ConfigError::new(key, message)),
            _ => Ok(()),
        };
        zero("consecutive", self.consecutive, "no failure opens it")?;
        zero("probes", self.probes, "without a probe it never closes")?;
        zero(
            "min_requests",
            self.min_requests,
            "1 judges by the first request",
        )?;
        if self
            .error_ratio
            .is_some_and(|share| share.millionths() == 0)
        {
            return Err(ConfigError::new("error_ratio", "every failure opens it")
                .with_help("`consecutive: 1` says so"));
        }
        if rules.window.is_zero() {
            return Err(ConfigError::new("window", "no time to count in"));
        }
        if rules.open.is_zero() {
            return Err(ConfigError::new("open", "it would never be open"));
        }
        if rules.max_open < rules.open {
            return Err(ConfigError::new("max_open", "less than `open`"));
        }
        Ok(())
    }
}

impl CircuitBreakerLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// A rule that opens at once or never, a status that is not one, or a header that cannot be sent.
    pub fn from_config(config: &CircuitBreakerConfig) -> Result<Self, ConfigError> {
        let layer = Self::new(Breaker::rules(config)?);
        Ok(match &config.fallback {
            Some(fallback) => {
                let fallback = Fallback::from_config(fallback);
                layer.fallback(fallback.map_err(|error| error.at("fallback"))?)
            }
            None => layer,
        })
    }
}

fn read(statuses: &[u16]) -> Result<Vec<StatusCode>, ConfigError> {
    let each = statuses.iter().enumerate();
    each.map(|(index, status)| {
        StatusCode::from_u16(*status)
            .map_err(|_| ConfigError::new(format!("statuses[{index}]"), "not a status"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<Breaker, ConfigError> {
        Breaker::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_rules() {
        let rules = build(
            r#"{"error_ratio": "25%", "min_requests": 7, "consecutive": 4, "window": "6s",
                "open": "5s", "max_open": "50s", "probes": 3, "statuses": [503]}"#,
        )
        .unwrap();
        let text = format!("{rules:?}");
        for part in [
            "ratio: Some(250000)",
            "min_requests: 7",
            "consecutive: Some(4)",
            "window: 6s",
            "open: 5s",
            "max_open: 50s",
            "probes: 3",
            "[503]",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let consecutive = build(r#"{"consecutive": 4}"#).unwrap();
        assert!(consecutive.ratio.is_none());
        assert_eq!(build(r#"{"open": "1m"}"#).unwrap().max_open.as_secs(), 60);
    }

    #[test]
    fn only_a_route_has_a_fallback() {
        let fallback = |json: &str| serde_json::from_str::<CircuitBreakerConfig>(json).unwrap();
        let good = r#"{"fallback": {"status": 200, "headers": {"x-a": "b"}, "body": "[]"}}"#;
        assert!(CircuitBreakerLayer::from_config(&fallback(good)).is_ok());
        assert_eq!(build(good).unwrap_err().path(), "fallback");
        for (json, path) in [
            (r#"{"fallback": {"status": 99}}"#, "fallback.status"),
            (r#"{"fallback": {"status": 101}}"#, "fallback.status"),
            (
                r#"{"fallback": {"headers": {"a b": "c"}}}"#,
                "fallback.headers.a b",
            ),
            (
                r#"{"fallback": {"headers": {"a": "b\nc"}}}"#,
                "fallback.headers.a",
            ),
        ] {
            let error = CircuitBreakerLayer::from_config(&fallback(json)).unwrap_err();
            assert_eq!(error.path(), path, "{json}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"error_ratio": "0%"}"#, "error_ratio"),
            (r#"{"min_requests": 0}"#, "min_requests"),
            (r#"{"consecutive": 0}"#, "consecutive"),
            (r#"{"window": "0s"}"#, "window"),
            (r#"{"open": "0s"}"#, "open"),
            (r#"{"open": "9s", "max_open": "8s"}"#, "max_open"),
            (r#"{"probes": 0}"#, "probes"),
            (r#"{"statuses": [500, 9]}"#, "statuses[1]"),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
    }
}
