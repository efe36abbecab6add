use gateway_core::config::{Duration, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Outliers, Policy};

/// The endpoints of an upstream and how to choose among them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceConfig {
    /// Where to send requests.
    pub endpoints: Vec<EndpointConfig>,
    /// How an endpoint is chosen. Defaults to `p2c_ewma`.
    #[serde(default)]
    pub balance: PolicyConfig,
    /// When an endpoint that keeps failing is left alone. Defaults to never.
    #[serde(default)]
    pub outlier: Option<OutlierConfig>,
}

/// When an endpoint that keeps failing is left alone.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutlierConfig {
    /// How many failures in a row are too many. Defaults to 5.
    pub failures: Option<u32>,
    /// How long the first ejection lasts. Defaults to `30s`.
    pub eject: Option<Duration>,
    /// The share of endpoints that may be ejected at once. Defaults to `50%`.
    pub max: Option<Percent>,
}

impl From<OutlierConfig> for Outliers {
    fn from(config: OutlierConfig) -> Self {
        let mut outliers = Self::new();
        if let Some(failures) = config.failures {
            outliers = outliers.failures(failures);
        }
        if let Some(eject) = config.eject {
            outliers = outliers.eject(eject.get());
        }
        if let Some(max) = config.max {
            outliers = outliers.max_percent(max.millionths() / 10_000);
        }
        outliers
    }
}

/// One endpoint: a URL, or a URL with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a URL, or `{ url, weight }`")]
pub enum EndpointConfig {
    /// A URL, of weight 1.
    Url(String),
    /// A URL with a weight.
    Weighted(WeightedEndpoint),
}

/// A URL with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedEndpoint {
    /// Where to send requests.
    pub url: String,
    /// How much it can take, relative to the others; 0 gets nothing. Defaults to 1.
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyConfig {
    /// The lower latency × load of two.
    #[default]
    P2cEwma,
    /// Each in turn.
    RoundRobin,
    /// Each in turn, as often as its weight says.
    Weighted,
    /// The fewest requests under way per weight.
    LeastRequest,
    /// The same for the same key, such as `subject.or(client_ip)`.
    Hash(String),
}

impl From<&PolicyConfig> for Policy {
    fn from(policy: &PolicyConfig) -> Self {
        match policy {
            PolicyConfig::P2cEwma => Self::P2cEwma,
            PolicyConfig::RoundRobin => Self::RoundRobin,
            PolicyConfig::Weighted => Self::Weighted,
            PolicyConfig::LeastRequest => Self::LeastRequest,
            PolicyConfig::Hash(_) => Self::Hash,
        }
    }
}

impl EndpointConfig {
    /// Where to send requests.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Weighted(endpoint) => &endpoint.url,
        }
    }

    /// How much the endpoint can take, relative to the others.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        match self {
            Self::Url(_) => 1,
            Self::Weighted(endpoint) => endpoint.weight,
        }
    }
}

#[cfg(feature = "proxy")]
mod proxied {
    use std::sync::Arc;

    use gateway_core::config::ConfigError;

    use super::{BalanceConfig, PolicyConfig};
    use crate::{
        balance::{Balance, Endpoint},
        proxy::{Proxy, ProxyConfig},
        transport::Client,
    };

    impl Balance<Proxy> {
        /// Builds the upstream `name` from its configuration: a proxy per endpoint, all of them
        /// configured by `proxy` and with the connections of `client`.
        ///
        /// # Errors
        ///
        /// An endpoint is not an absolute URL, or `proxy` is malformed.
        pub fn from_config(
            name: impl Into<Arc<str>>,
            config: &BalanceConfig,
            proxy: &ProxyConfig,
            client: &Client,
        ) -> Result<Self, ConfigError> {
            let name = name.into();
            let endpoints = endpoints(&name, config, proxy, client)?;
            let balance = Self::new(name, endpoints).policy((&config.balance).into());
            let balance = match &config.balance {
                PolicyConfig::Hash(key) => balance.hash_on(
                    key.parse()
                        .map_err(|error| ConfigError::new("balance.hash", error))?,
                ),
                _ => balance,
            };
            Ok(match config.outlier {
                Some(outlier) => balance.outliers(outlier.into()),
                None => balance,
            })
        }
    }

    fn endpoints(
        name: &Arc<str>,
        config: &BalanceConfig,
        proxy: &ProxyConfig,
        client: &Client,
    ) -> Result<Vec<Endpoint<Proxy>>, ConfigError> {
        let each = config.endpoints.iter().enumerate();
        each.map(|(index, endpoint)| {
            let fault = |error| ConfigError::new(format!("endpoints[{index}]"), error);
            let built = Proxy::builder(endpoint.url())
                .map_err(fault)?
                .name(Arc::clone(name))
                .client(client.clone())
                .configured(proxy)?
                .build()
                .map_err(fault)?;
            Ok(Endpoint::new(endpoint.url(), built).weight(endpoint.weight()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<BalanceConfig, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn short_and_long_endpoints() {
        let config = read(
            r#"{"endpoints": ["http://a", {"url": "http://b", "weight": 2}],
                "balance": "least_request"}"#,
        )
        .unwrap();
        let read: Vec<_> = config
            .endpoints
            .iter()
            .map(|e| (e.url(), e.weight()))
            .collect();
        assert_eq!(read, [("http://a", 1), ("http://b", 2)]);
        assert_eq!(Policy::from(&config.balance), Policy::LeastRequest);
    }

    #[test]
    fn outliers_are_configured() {
        let config =
            read(r#"{"endpoints": [], "outlier": {"failures": 3, "eject": "7s", "max": "25%"}}"#)
                .unwrap();
        let text = format!("{:?}", Outliers::from(config.outlier.unwrap()));
        for part in ["failures: 3", "eject: 7s", "max_percent: 25"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn unknown_keys_and_policies_are_errors() {
        assert!(read(r#"{"endpoints": [], "balanced": "x"}"#).is_err());
        assert!(read(r#"{"endpoints": [], "balance": "magic"}"#).is_err());
        let error = read(r#"{"endpoints": [{"url": "http://b", "wait": 2}]}"#).unwrap_err();
        assert!(error.to_string().contains("`{ url, weight }`"), "{error}");
    }

    #[cfg(feature = "proxy")]
    #[test]
    fn a_bad_endpoint_is_named() {
        use crate::{balance::Balance, proxy::ProxyConfig, transport::Client};
        let config = read(r#"{"endpoints": ["http://a", "b"]}"#).unwrap();
        let built = Balance::from_config("x", &config, &ProxyConfig::default(), &Client::new());
        assert_eq!(built.unwrap_err().path(), "endpoints[1]");
        let config = read(r#"{"endpoints": [], "balance": {"hash": "nonsense("}}"#).unwrap();
        let built = Balance::from_config("x", &config, &ProxyConfig::default(), &Client::new());
        assert_eq!(built.unwrap_err().path(), "balance.hash");
    }
}
