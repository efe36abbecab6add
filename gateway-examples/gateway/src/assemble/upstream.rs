use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use gateway_core::{
    SharedService,
    config::{ConfigError, Secret},
};
use gateway_layers::{
    balance::{Balance, StickyConfig},
    circuit_breaker::Breaker,
    dns::{Discovery, ResolveConfig, Resolver},
    health::{Probe, ProbeConfig, Prober},
    hedge::{HedgeConfig, HedgeLayer},
    proxy::Proxy,
    retry::{RetryBudget, RetryConfig, RetryLayer},
    timeout::{Timeout, TimeoutConfig, TimeoutLayer},
    transport::{Client, TlsConfig},
};
use tower::util::Either;
use tower_layer::Layer as _;

use super::layers::apart;
use crate::{config::model::Upstream, reload::Draft};

/// What answers for an upstream: its clocks around its retries around its hedges around its
/// balancer.
pub(super) type UpstreamService = Timeout<Either<Balance<Proxy>, SharedService>>;

/// The upstreams of a stack, by name.
pub(super) type Upstreams = BTreeMap<String, Built>;

/// An upstream of the running stack.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) balance: Balance<Proxy>,
    pub(super) service: UpstreamService,
}

/// Builds the upstream, or takes it over if nothing about it has changed.
pub(super) fn build(name: &str, config: &Upstream, stores: &Draft) -> Result<Built, ConfigError> {
    let watched = watched(name, config, stores)?;
    let balance = watched.balance.clone();
    let budget = config.retry.as_ref().map(RetryConfig::shared_budget);
    let hedge = config.hedge.as_ref();
    let hedge = hedge.map(|config| hedge_layer(config, budget.as_ref()));
    let retry = config.retry.as_ref().zip(budget);
    let retry = retry.map(|(config, budget)| retry_layer(config, budget));
    let inner = apart(Either::Left(balance.clone()), hedge.transpose()?);
    let inner = apart(inner, retry.transpose()?);
    let timeouts = TimeoutLayer::from_config(&TimeoutConfig::from(&config.timeouts));
    Ok(Built {
        service: timeouts.layer(inner),
        balance,
    })
}

fn retry_layer(config: &RetryConfig, budget: RetryBudget) -> Result<RetryLayer, ConfigError> {
    let layer = RetryLayer::from_config(config).map_err(|error| error.at("retry"))?;
    Ok(layer.share_budget(budget))
}

/// What asks twice is paid from the budget of the retries.
fn hedge_layer(
    config: &HedgeConfig,
    budget: Option<&RetryBudget>,
) -> Result<HedgeLayer, ConfigError> {
    let layer = HedgeLayer::from_config(config).map_err(|error| error.at("hedge"))?;
    Ok(match budget {
        Some(budget) => layer.budget(budget.clone()),
        None => layer,
    })
}

/// A balancer, whoever asks its endpoints how they are, and whoever asks where they are: both end
/// with the last stack that has the upstream.
#[derive(Debug)]
struct Watched {
    balance: Balance<Proxy>,
    _prober: Option<Prober>,
    _discovery: Option<Discovery>,
}

/// The text of the config is the name of the store: an upstream that changed in any way is another.
/// Its client, and with it the open connections, depends on less and survives more.
fn watched(name: &str, config: &Upstream, stores: &Draft) -> Result<Arc<Watched>, ConfigError> {
    let connection = config.client();
    let trust = trust(&connection.tls);
    let client = stores.try_get_or(&format!("client/{name}/{trust:x}/{connection:?}"), || {
        Client::from_config(&connection)
    })?;
    let key = sticky_key(config);
    let store = format!("balance/{name}/{trust:x}/{key:x}/{config:?}");
    stores.try_get_or(&store, || {
        let mut balance = Balance::from_config(name, &config.balance(), &config.proxy, &client)?;
        if let Some(breaker) = &config.breaker {
            let rules = Breaker::from_config(breaker).map_err(|error| error.at("breaker"))?;
            balance = balance.breaker(rules);
        }
        let prober = config
            .probe
            .as_ref()
            .map(|probe| watch(probe, &balance))
            .transpose()?;
        let discovery = config
            .resolving()
            .map(|resolve| discover(config, &resolve, &balance))
            .transpose()?;
        Ok(Watched {
            balance,
            _prober: prober,
            _discovery: discovery,
        })
    })
}

/// What a config does not show of itself: another key for cookies makes another balancer.
fn sticky_key(config: &Upstream) -> u64 {
    let key = match config.sticky.as_deref() {
        Some(StickyConfig::Cookie(cookie)) => cookie.key.as_ref(),
        _ => None,
    };
    let mut hasher = DefaultHasher::new();
    key.map(Secret::expose).hash(&mut hasher);
    hasher.finish()
}

/// Nor does it show what is in the files it names, which are replaced when they expire, or in a secret.
fn trust(tls: &TlsConfig) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in [&tls.ca, &tls.client_cert] {
        // What cannot be read is told by whoever needs it.
        let read = path.as_ref().map(|path| std::fs::read(path).ok());
        read.hash(&mut hasher);
    }
    let key = tls.client_key.as_ref().map(Secret::expose);
    key.hash(&mut hasher);
    hasher.finish()
}

fn watch(probe: &ProbeConfig, balance: &Balance<Proxy>) -> Result<Prober, ConfigError> {
    let probe = Probe::from_config(probe).map_err(|error| error.at("probe"))?;
    needs_runtime("probe")?;
    Ok(probe.watch(balance))
}

fn discover(
    config: &Upstream,
    resolve: &ResolveConfig,
    balance: &Balance<Proxy>,
) -> Result<Discovery, ConfigError> {
    needs_runtime("resolve")?;
    let resolver = Resolver::from_config(resolve).map_err(|error| error.at("resolve"))?;
    let (endpoints, client) = (config.balance(), config.client());
    Discovery::from_config(balance, &endpoints, &config.proxy, &client, resolver)
}

fn needs_runtime(option: &str) -> Result<(), ConfigError> {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Ok(());
    }
    let error = ConfigError::new(option, "it needs a tokio runtime to run on");
    Err(error.with_help("build the gateway inside of one"))
}
