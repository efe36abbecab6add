use std::sync::Arc;

use gateway_core::config::ConfigError;
use http::HeaderValue;

use super::{Discovery, Resolver, Source, Target};
use crate::{
    balance::{Balance, BalanceConfig, Endpoint, EndpointConfig},
    proxy::{Host, HostConfig, Proxy, ProxyConfig},
    transport::{Client, ClientConfig},
};

/// What makes a proxy to an address of a name.
struct Named {
    source: Source,
    config: EndpointConfig,
    client: Client,
}

impl Discovery {
    /// Resolves those endpoints of `config` whose hosts are names, with a proxy to each address; the
    /// others stay what they are in `balance`, which was built from the same configuration.
    ///
    /// # Errors
    ///
    /// The client or a proxy cannot be built.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn from_config(
        balance: &Balance<Proxy>,
        config: &BalanceConfig,
        proxy: &ProxyConfig,
        client: &ClientConfig,
        resolver: Resolver,
    ) -> Result<Self, ConfigError> {
        let mut names = Vec::new();
        for endpoint in &config.endpoints {
            if let Some(source) = Source::parse(endpoint.url()) {
                names.push(Named {
                    client: Client::from_config(&asking_for(&source, client))?,
                    config: endpoint.clone(),
                    source,
                });
            }
        }
        let is_name = |name: &str| names.iter().any(|named| named.config.url() == name);
        let fixed = balance.current();
        let fixed = fixed
            .into_iter()
            .filter(|endpoint| !is_name(endpoint.state().name()))
            .collect();
        let sources = names.iter().map(|named| named.source.clone()).collect();
        let (name, proxy): (Arc<str>, _) = (balance.name().into(), proxy.clone());
        let unresolved = balance.current();
        Ok(Self::beside(
            balance,
            fixed,
            sources,
            resolver,
            move |source, target| {
                let named = names.iter().find(|named| named.source == *source)?;
                match target {
                    Some(target) => endpoint(named, target, &name, &proxy).ok(),
                    // The name itself, which the connector resolves.
                    None => unresolved
                        .iter()
                        .find(|known| known.state().name() == named.config.url())
                        .cloned(),
                }
            },
        ))
    }
}

/// The certificate must be the name's, not the address's.
fn asking_for(source: &Source, client: &ClientConfig) -> ClientConfig {
    let mut client = client.clone();
    if source.is_https() && client.tls.server_name.is_none() {
        client.tls.server_name = Some(source.host().to_owned());
    }
    client
}

fn endpoint(
    named: &Named,
    target: &Target,
    name: &Arc<str>,
    proxy: &ProxyConfig,
) -> Result<Endpoint<Proxy>, ConfigError> {
    let url = named.source.url(target);
    let fault = |error| ConfigError::new("", error);
    let mut built = Proxy::builder(&url)
        .map_err(fault)?
        .name(Arc::clone(name))
        .client(named.client.clone())
        .configured(proxy)?;
    if matches!(proxy.host, HostConfig::Upstream)
        && let Ok(host) = HeaderValue::try_from(named.source.authority())
    {
        built = built.host(Host::Set(host));
    }
    let built = built.build().map_err(fault)?;
    let priority = named.config.priority();
    Ok(Endpoint::new(url, built)
        .address(target.address.to_string())
        .weight(named.config.weight().saturating_mul(target.weight))
        .priority(priority.saturating_add(target.priority)))
}
