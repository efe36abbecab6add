use gateway_ai::{config::AiConfig, edge::AiService, providers::HttpClient};
use gateway_core::config::{ConfigError, Diagnostics};
use gateway_layers::{
    api_key::ApiKeyLayer,
    balance::Balance,
    cache::{CacheLayer, MemoryStore},
    client_ip::ClientIpLayer,
    health::Probe,
    jwt::JwtLayer,
    proxy::Proxy,
    rate_limit::RateLimitLayer,
    request_id::RequestIdLayer,
    retry::RetryLayer,
    transform::TransformLayer,
    transport::Client,
};

use super::{Subject, codes::REFUSED};
use crate::config::{
    load,
    model::{Auth, Layers, Upstream},
};

/// Hands every section to the builder that will take it: what a builder refuses at the start, a
/// check must refuse too. Nothing is connected to and nothing is written.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let config = subject.config;
    let mut refusals = Vec::new();
    collect(
        &mut refusals,
        "client_ip",
        ClientIpLayer::from_config(&config.client_ip),
    );
    for (name, options) in config.upstreams.iter() {
        collect(
            &mut refusals,
            &format!("upstreams.{name}"),
            upstream(name, options),
        );
    }
    for (name, auth) in config.auth.iter() {
        let built = match auth {
            Auth::Jwt(options) => JwtLayer::from_config(options).map(drop),
            Auth::ApiKey(options) => ApiKeyLayer::from_config(options)
                .map(drop)
                .map_err(|e| e.at("api_key")),
        };
        collect(&mut refusals, &format!("auth.{name}"), built);
    }
    layers(&mut refusals, "defaults.layers", &config.defaults.layers);
    for (name, route) in config.routes.iter() {
        layers(
            &mut refusals,
            &format!("routes.{name}.layers"),
            &route.layers,
        );
        if let Some(options) = &route.ai {
            collect(&mut refusals, &format!("routes.{name}.ai"), ai(options));
        }
    }
    for refusal in &refusals {
        let path = refusal.path();
        // What could not be read is missing from the config, and the builder may miss it.
        let around = match path.rsplit_once('.') {
            Some((around, _)) if !subject.tree.find(path).complete => around,
            _ => path,
        };
        if !uses_name(subject, path) && !findings.has_error_within(around, REFUSED) {
            findings.push(load::refusal(subject.tree, refusal));
        }
    }
}

/// Whether the path leads into a layer that is a name in the file: its options are judged where
/// they are defined.
fn uses_name(subject: Subject<'_>, path: &str) -> bool {
    subject.tree.find(path).node.as_str().is_some()
        && (path.contains(".layers.jwt") || path.contains(".layers.api_key"))
}

fn upstream(name: &str, options: &Upstream) -> Result<(), ConfigError> {
    let client = Client::from_config(&options.client())?;
    Balance::<Proxy>::from_config(name, &options.balance(), &options.proxy, &client)?;
    if let Some(probe) = &options.probe {
        Probe::from_config(probe).map_err(|error| error.at("probe"))?;
    }
    if let Some(retry) = &options.retry {
        RetryLayer::from_config(retry).map_err(|error| error.at("retry"))?;
    }
    Ok(())
}

fn ai(options: &AiConfig) -> Result<(), ConfigError> {
    AiService::from_config(options, HttpClient::default()).map(drop)
}

fn layers(refusals: &mut Vec<ConfigError>, path: &str, layers: &Layers) {
    let mut layer = |name: &str, result: Option<Result<(), ConfigError>>| {
        if let Some(result) = result {
            collect(refusals, &format!("{path}.{name}"), result);
        }
    };
    layer(
        "request_id",
        layers
            .request_id()
            .map(|o| RequestIdLayer::from_config(o).map(drop)),
    );
    layer(
        "jwt",
        layers.jwt().map(|o| JwtLayer::from_config(o).map(drop)),
    );
    layer(
        "api_key",
        layers
            .api_key()
            .map(|o| ApiKeyLayer::from_config(o).map(drop)),
    );
    layer(
        "rate_limit",
        layers
            .rate_limit()
            .map(|o| RateLimitLayer::from_config(o).map(drop)),
    );
    layer(
        "transform",
        layers
            .transform()
            .map(|o| TransformLayer::from_config(o).map(drop)),
    );
    layer(
        "cache",
        layers
            .cache()
            .map(|o| CacheLayer::from_config(o, MemoryStore::new(0)).map(drop)),
    );
}

fn collect<T>(refusals: &mut Vec<ConfigError>, prefix: &str, result: Result<T, ConfigError>) {
    if let Err(error) = result {
        refusals.push(error.at(prefix));
    }
}
