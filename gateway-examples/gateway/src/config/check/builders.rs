use std::convert::Infallible;

use gateway_ai::{config::AiConfig, edge::AiService, providers::HttpClient};
use gateway_core::{
    Body, Request, Response, SharedService,
    config::{ConfigError, Diagnostics},
};
use gateway_layers::client_cert::ClientCertLayer;
use gateway_layers::{
    aggregate::Aggregate,
    api_key::ApiKeyLayer,
    balance::Balance,
    cache::{CacheLayer, MemoryStore},
    circuit_breaker::{Breaker, CircuitBreakerLayer},
    client_ip::ClientIpLayer,
    concurrency::ConcurrencyLayer,
    health::Probe,
    hedge::HedgeLayer,
    jwt::JwtLayer,
    mirror::MirrorLayer,
    proxy::Proxy,
    rate_limit::RateLimitLayer,
    request_id::RequestIdLayer,
    retry::RetryLayer,
    split::Split,
    transform::TransformLayer,
    transport::Client,
};
use tower::service_fn;

use super::{Subject, codes::REFUSED};
use crate::config::{
    load,
    model::{Auth, Layers, Route, Upstream},
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
        delivery(&mut refusals, &format!("routes.{name}"), route);
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
    if let Some(resolve) = &options.resolve {
        resolve.check().map_err(|error| error.at("resolve"))?;
    }
    if let Some(probe) = &options.probe {
        Probe::from_config(probe).map_err(|error| error.at("probe"))?;
    }
    if let Some(breaker) = &options.breaker {
        Breaker::from_config(breaker).map_err(|error| error.at("breaker"))?;
    }
    if let Some(hedge) = &options.hedge {
        HedgeLayer::from_config(hedge).map_err(|error| error.at("hedge"))?;
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
    guards(refusals, path, layers);
    if let Some(options) = layers.mirror() {
        let built = MirrorLayer::from_config(options, nobody());
        collect(refusals, &format!("{path}.mirror"), built);
    }
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
        "client_cert",
        layers
            .client_cert()
            .map(|o| ClientCertLayer::from_config(o).map(drop)),
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

/// Whether the upstreams they name are there is asked elsewhere.
fn delivery(refusals: &mut Vec<ConfigError>, path: &str, route: &Route) {
    if let Some(options) = &route.split {
        let built = options
            .weights()
            .and_then(|weights| Split::from_config(options, weights, |_| Some(())));
        collect(refusals, &format!("{path}.split"), built);
    }
    if let Some(options) = &route.aggregate {
        let built = Aggregate::from_config(options, |_| Some(nobody()));
        collect(refusals, &format!("{path}.aggregate"), built);
    }
}

/// In the place of an upstream that nothing will be asked of.
pub(crate) fn nobody() -> SharedService {
    SharedService::new(service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }))
}

fn guards(refusals: &mut Vec<ConfigError>, path: &str, layers: &Layers) {
    if let Some(options) = layers.concurrency() {
        let built = ConcurrencyLayer::from_config(options);
        collect(refusals, &format!("{path}.concurrency"), built);
    }
    if let Some(options) = layers.circuit_breaker() {
        let built = CircuitBreakerLayer::from_config(options);
        collect(refusals, &format!("{path}.circuit_breaker"), built);
    }
}

fn collect<T>(refusals: &mut Vec<ConfigError>, prefix: &str, result: Result<T, ConfigError>) {
    if let Err(error) = result {
        refusals.push(error.at(prefix));
    }
}
