use gateway_ai::edge::error_format;
use gateway_core::{SharedService, config::ConfigError};
use gateway_layers::{
    client_ip::ClientIpLayer,
    observe::{AccessLog, Metrics, ObserveLayer},
    proxy::{ExtendedConnectLayer, HopByHopLayer},
    router::Router,
};
use tower::{ServiceBuilder, layer::layer_fn};

use super::{
    delivery::{self, Delivery},
    forward::ForwardLayer,
    guards::{self, Guards},
    layers::Shared,
    live::{Current, Live},
    panics::CatchPanic,
    route,
    termination::Terminations,
    upstream::{self, Upstreams},
};
use crate::{
    config::{Config, Loaded, model::Slot},
    reload::{Build, Draft},
};

/// Builds the stack of a config; what it observes goes to one set of metrics across reloads.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    metrics: Metrics,
    pub(super) live: Live,
    pub(super) terminations: Terminations,
}

impl Assembler {
    /// An assembler with metrics of its own.
    #[must_use]
    pub fn new() -> Self {
        let new = Self::default();
        let live = new.live.clone();
        new.metrics.watch_endpoints(move || live.endpoints());
        guards::measure(&new.metrics, &new.live);
        new.terminations.measure(&new.metrics);
        new
    }

    /// The metrics of all stacks it has built.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn stack(&self, config: &Config, stores: &Draft) -> Result<SharedService, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let upstreams = upstreams(config, stores, &mut errors);
        let splits = delivery::splits(config, stores, &mut errors);
        let delivery = Delivery {
            upstreams: &upstreams,
            splits: &splits,
            metrics: &self.metrics,
        };
        let (router, guards) = router(config, delivery, (stores, &self.live), &mut errors);
        let client_ip = keep(
            ClientIpLayer::from_config(&config.client_ip).map_err(|error| error.at("client_ip")),
            &mut errors,
        );
        let log = keep(access_log(config, stores), &mut errors);
        let forward = ForwardLayer::from_config(config, stores, &mut errors);
        let terminations = self.terminations.prepare(config, &mut errors);
        let (Some(client_ip), Some(log), []) = (client_ip, log, &*errors) else {
            return Err(errors);
        };
        let stack = ServiceBuilder::new()
            .layer(layer_fn(CatchPanic::new))
            .layer(client_ip)
            .layer(ExtendedConnectLayer::new())
            .layer(HopByHopLayer::new())
            .layer(self.observe(config, log.clone()))
            .option_layer(forward)
            .service(router.clone());
        self.terminations.commit(terminations);
        self.live
            .set(Current::new(config, router, upstreams, guards, splits, log));
        Ok(SharedService::new(stack))
    }

    fn observe(&self, config: &Config, log: Option<AccessLog>) -> ObserveLayer {
        let tracing = &config.observe.tracing;
        let layer = ObserveLayer::new()
            .metrics(self.metrics.clone())
            .propagate(tracing.propagate)
            .sample(tracing.sample.ratio());
        let Some(log) = log else {
            return layer;
        };
        self.metrics.watch(&log);
        layer.access_log(log)
    }
}

fn access_log(config: &Config, stores: &Draft) -> Result<Option<AccessLog>, ConfigError> {
    let Some(log) = config.observe.access_log.as_ref().and_then(Slot::get) else {
        return Ok(None);
    };
    let name = format!("access_log/{log:?}");
    let opened = stores.try_get_or(&name, || AccessLog::from_config(log));
    opened
        .map(|log| Some(AccessLog::clone(&log)))
        .map_err(|error| error.at("observe.access_log"))
}

impl Build for Assembler {
    fn build(&self, loaded: &Loaded, stores: &Draft) -> Result<SharedService, Vec<ConfigError>> {
        self.stack(&loaded.config, stores)
    }
}

fn upstreams(config: &Config, stores: &Draft, errors: &mut Vec<ConfigError>) -> Upstreams {
    let each = config.upstreams.iter().filter_map(|(name, upstream)| {
        let built = upstream::build(name, upstream, stores);
        let built = built.map_err(|error| error.at(&format!("upstreams.{name}")));
        Some((name.to_owned(), keep(built, errors)?))
    });
    each.collect()
}

fn router(
    config: &Config,
    delivery: Delivery<'_>,
    (stores, live): (&Draft, &Live),
    errors: &mut Vec<ConfigError>,
) -> (Router<SharedService>, Guards) {
    let mut routes = Vec::new();
    let shared = Shared::new(config, stores, delivery, live);
    for (name, route) in config.routes.iter() {
        let layers = config.layers_of(route);
        let built = route::build(name, route, &layers, delivery.upstreams, &shared);
        let built = keep(
            built.map_err(|error| error.at(&format!("routes.{name}"))),
            errors,
        );
        routes.extend(built.into_iter().flatten());
    }
    let mut router = Router::new().extend(routes);
    if config.routes.iter().any(|(_, route)| route.ai.is_some()) {
        router = router.format_malformed(error_format);
    }
    (router, shared.guards.into_inner())
}

/// Keeps the error and goes on: one run reports all there is to report.
fn keep<T>(built: Result<T, ConfigError>, errors: &mut Vec<ConfigError>) -> Option<T> {
    built.map_err(|error| errors.push(error)).ok()
}
