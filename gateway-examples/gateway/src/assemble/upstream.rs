use std::collections::BTreeMap;

use gateway_core::config::ConfigError;
use gateway_layers::{
    balance::Balance,
    proxy::Proxy,
    timeout::{Timeout, TimeoutConfig, TimeoutLayer},
    transport::Client,
};
use tower_layer::Layer as _;

use crate::{config::model::Upstream, reload::Draft};

/// What answers for an upstream: its clocks around its balancer.
pub(super) type UpstreamService = Timeout<Balance<Proxy>>;

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
    let balance = balance(name, config, stores)?;
    let timeouts = TimeoutLayer::from_config(&TimeoutConfig::from(&config.timeouts));
    Ok(Built {
        service: timeouts.layer(balance.clone()),
        balance,
    })
}

/// The text of the config is the name of the store: an upstream that changed in any way is another.
/// Its client, and with it the open connections, depends on less and survives more.
fn balance(name: &str, config: &Upstream, stores: &Draft) -> Result<Balance<Proxy>, ConfigError> {
    let connection = config.client();
    let client = stores.try_get_or(&format!("client/{name}/{connection:?}"), || {
        Client::from_config(&connection)
    })?;
    let balance = stores.try_get_or(&format!("balance/{name}/{config:?}"), || {
        Balance::from_config(name, &config.balance(), &config.proxy, &client)
    })?;
    Ok(Balance::clone(&balance))
}
