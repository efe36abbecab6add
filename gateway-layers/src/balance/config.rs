use gateway_core::config::{ConfigError, Duration, Flex, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Balance, Policy};

mod outlier;
mod sticky;

pub use self::{
    outlier::{OutlierConfig, SuccessRateConfig},
    sticky::{SameSiteConfig, StickyConfig, StickyCookieConfig},
};

/// The endpoints of an upstream and how to choose among them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceConfig {
    /// Where to send requests.
    pub endpoints: Vec<EndpointConfig>,
    /// How an endpoint is chosen. Defaults to `p2c_ewma`.
    #[serde(default)]
    pub balance: PolicyConfig,
    /// Keeps a client at its endpoint. Defaults to not.
    #[serde(default)]
    pub sticky: Option<Flex<StickyConfig>>,
    /// Over which time an endpoint that is new or back gets its share. Defaults to at once.
    #[serde(default)]
    pub slow_start: Option<Duration>,
    /// The share of endpoints that must be well for the news about the others to be heeded. Defaults
    /// to `50%`.
    #[serde(default)]
    pub panic: Option<Percent>,
    /// When an endpoint that keeps failing is left alone. Defaults to never.
    #[serde(default)]
    pub outlier: Option<OutlierConfig>,
}

/// One endpoint: a URL, or a URL with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a URL, or `{ url, weight, priority }`")]
pub enum EndpointConfig {
    /// A URL, of weight 1.
    Url(String),
    /// A URL with a weight and a priority.
    Weighted(WeightedEndpoint),
}

/// A URL with a weight and a priority.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedEndpoint {
    /// Where to send requests.
    pub url: String,
    /// How much it can take, relative to the others; 0 gets nothing. Defaults to 1.
    #[serde(default = "one")]
    pub weight: u32,
    /// When it is used: those of a higher number while too few of the lower ones are well. Defaults
    /// to 0.
    #[serde(default)]
    pub priority: u32,
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
    /// Any, by weight.
    Random,
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
            PolicyConfig::Random => Self::Random,
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

    /// When the endpoint is used.
    #[must_use]
    pub const fn priority(&self) -> u32 {
        match self {
            Self::Url(_) => 0,
            Self::Weighted(endpoint) => endpoint.priority,
        }
    }
}

impl<S: Clone> Balance<S> {
    /// Everything that is configured beside the endpoints.
    ///
    /// # Errors
    ///
    /// A key, a cookie or a share is malformed, or two options speak of the same thing.
    pub fn configured(mut self, config: &BalanceConfig) -> Result<Self, ConfigError> {
        self = self.policy((&config.balance).into());
        if let PolicyConfig::Hash(key) = &config.balance {
            let key = key.parse();
            self = self.hash_on(key.map_err(|error| ConfigError::new("balance.hash", error))?);
        }
        if let Some(sticky) = &config.sticky {
            let by_hash = matches!(config.balance, PolicyConfig::Hash(_));
            self = sticky
                .apply(self, by_hash)
                .map_err(|error| error.at("sticky"))?;
        }
        if let Some(window) = config.slow_start {
            self = self.slow_start(window.get());
        }
        if let Some(share) = config.panic {
            self = self.panic_percent(share.millionths() / 10_000);
        }
        if let Some(outlier) = &config.outlier {
            let outliers = outlier.build().map_err(|error| error.at("outlier"))?;
            self = self.outliers(outliers);
        }
        Ok(self)
    }
}

#[cfg(feature = "proxy")]
mod proxied {
    use std::sync::Arc;

    use gateway_core::config::ConfigError;

    use super::BalanceConfig;
    use crate::{
        balance::{Balance, Endpoint, proxies::address},
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
            Self::new(name, endpoints).configured(config)
        }
    }

    fn endpoints(
        name: &Arc<str>,
        config: &BalanceConfig,
        proxy: &ProxyConfig,
        client: &Client,
    ) -> Result<Vec<Endpoint<Proxy>>, ConfigError> {
        let each = config.endpoints.iter().enumerate();
        // What service records stand for, `dns` finds out.
        #[cfg(feature = "dns")]
        let each = each.filter(|(_, endpoint)| {
            let source = crate::dns::Source::parse(endpoint.url());
            !source.is_some_and(|source| source.is_srv())
        });
        each.map(|(index, endpoint)| {
            let fault = |error| ConfigError::new(format!("endpoints[{index}]"), error);
            let built = Proxy::builder(endpoint.url())
                .map_err(fault)?
                .name(Arc::clone(name))
                .client(client.clone())
                .configured(proxy)?
                .build()
                .map_err(fault)?;
            let built = Endpoint::new(endpoint.url(), built);
            let built = match address(endpoint.url()) {
                Some(address) => built.address(address),
                None => built,
            };
            Ok(built
                .weight(endpoint.weight())
                .priority(endpoint.priority()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Endpoint;

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
    fn every_key_reaches_the_balancer() {
        let config = read(
            r#"{"endpoints": [{"url": "http://a", "priority": 2}], "balance": "random",
                "slow_start": "7s", "panic": "25%", "outlier": {}, "sticky": "cookie"}"#,
        )
        .unwrap();
        assert_eq!(config.endpoints[0].priority(), 2);
        let balance = Balance::new("x", [Endpoint::new("a", ())]);
        let text = format!("{:?}", balance.configured(&config).unwrap());
        for part in [
            "policy: Random",
            "slow_start: Some(7s)",
            "panic: 0.25",
            "outliers: Some(Outliers",
            "sticky: Some(Sticky",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (options, path) in [
            (r#""balance": {"hash": "nonsense("}"#, "balance.hash"),
            (r#""sticky": {"header": "a b"}"#, "sticky.header"),
            (
                r#""balance": {"hash": "subject"}, "sticky": {"key": "subject"}"#,
                "sticky",
            ),
            (
                r#""outlier": {"success_rate": {"deviations": 0}}"#,
                "outlier.success_rate.deviations",
            ),
        ] {
            let config = read(&format!(r#"{{"endpoints": [], {options}}}"#)).unwrap();
            let built = Balance::new("x", [Endpoint::new("a", ())]).configured(&config);
            assert_eq!(built.unwrap_err().path(), path, "{options}");
        }
    }

    #[test]
    fn unknown_keys_and_policies_are_errors() {
        assert!(read(r#"{"endpoints": [], "balanced": "x"}"#).is_err());
        assert!(read(r#"{"endpoints": [], "balance": "magic"}"#).is_err());
        let error = read(r#"{"endpoints": [{"url": "http://b", "wait": 2}]}"#).unwrap_err();
        assert!(
            error.to_string().contains("`{ url, weight, priority }`"),
            "{error}"
        );
    }

    #[cfg(feature = "proxy")]
    #[test]
    fn a_bad_endpoint_is_named() {
        use crate::{proxy::ProxyConfig, transport::Client};
        let config = read(r#"{"endpoints": ["http://a", "b"]}"#).unwrap();
        let built = Balance::from_config("x", &config, &ProxyConfig::default(), &Client::new());
        assert_eq!(built.unwrap_err().path(), "endpoints[1]");
    }
}
