use std::{
    cell::{RefCell, RefMut},
    convert::Infallible,
    sync::Arc,
};

use bytes::Bytes;
use gateway_ai::edge::AiFormatLayer;
use gateway_core::{BoxError, Key, Request, Response, SharedService, config::ConfigError};
use gateway_layers::client_cert::ClientCertLayer;
use gateway_layers::{
    api_key::ApiKeyLayer,
    cache::{CacheConfig, CacheLayer, MemoryStore as CacheStore},
    circuit_breaker::{CircuitBreakerConfig, CircuitBreakerLayer},
    concurrency::{ConcurrencyConfig, ConcurrencyLayer},
    grpc_web::GrpcWebLayer,
    jwt::{JwtConfig, JwtLayer},
    proxy::{Admitted, StandingLayer},
    rate_limit::{MemoryStore as RateStore, OnStoreError, RateLimitLayer},
    request_id::RequestIdLayer,
    timeout::TimeoutLayer,
    transform::TransformLayer,
};
use http_body::Body as HttpBody;
use tower::{ServiceBuilder, util::Either};
use tower_layer::Layer;
use tower_service::Service;

use super::delivery::Delivery;
use super::guards::{Guard, Guards};
use super::{live::Live, standing::Admission};
use crate::{
    config::{Config, model::Layers},
    reload::Draft,
    server::UploadLayer,
};

/// What the routes of a stack share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) stores: &'a Draft,
    pub(super) cache: CacheStore,
    pub(super) upload: UploadLayer,
    pub(super) delivery: Delivery<'a>,
    pub(super) guards: RefCell<Guards>,
    pub(super) live: &'a Live,
}

impl<'a> Shared<'a> {
    /// A cache of another size is another cache.
    pub(super) fn new(
        config: &Config,
        stores: &'a Draft,
        delivery: Delivery<'a>,
        live: &'a Live,
    ) -> Self {
        let bytes = config.state.cache.memory.get();
        let cache = stores.get_or(&format!("cache/{bytes}"), || CacheStore::new(bytes));
        let limits = &config.limits;
        Self {
            stores,
            cache: CacheStore::clone(&cache),
            delivery,
            upload: UploadLayer::new(limits.body.get(), limits.header_timeout.get())
                .min_rate(limits.min_body_rate.get()),
            guards: RefCell::default(),
            live,
        }
    }
}

impl Shared<'_> {
    fn guard(&self, route: &str) -> RefMut<'_, Guard> {
        RefMut::map(self.guards.borrow_mut(), |guards| {
            guards.entry(route.into()).or_default()
        })
    }
}

/// A service that layers can be put around.
pub(super) trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Puts a route's layers around what answers, in the canonical order, and boxes the result.
pub(super) fn around<S: Answers>(
    name: &str,
    layers: &Layers,
    leaf: S,
    shared: &Shared<'_>,
) -> Result<SharedService, ConfigError> {
    let mut outer = Outer::of(name, layers, shared)?;
    let leaf = inner(name, layers, leaf, shared)?;
    Ok(match (outer.api_key.take(), outer.rate_limit.take()) {
        (None, None) => bounded(outer.around(leaf, |inner| inner), shared.upload),
        (api_key, rate_limit) => {
            let admitted = ServiceBuilder::new()
                .option_layer(api_key)
                .option_layer(rate_limit)
                .service(leaf);
            let stack = outer.around(Either::Left(admitted), |inner| inner);
            bounded(stack, shared.upload)
        }
    })
}

/// The same for a route of models.
///
/// The form of its refusals is outermost, since any layer may refuse; and within all that admits a
/// caller is what asks again whether a WebSocket may stay open.
pub(super) fn around_models<S: Answers>(
    name: &str,
    layers: &Layers,
    leaf: S,
    shared: &Shared<'_>,
) -> Result<SharedService, ConfigError> {
    let outer = Outer::of(name, layers, shared)?;
    let admission = ServiceBuilder::new()
        .option_layer(outer.client_cert.clone())
        .option_layer(outer.jwt.clone())
        .option_layer(outer.api_key.clone())
        .service(Admitted::new());
    shared.guard(name).admission = Some(SharedService::new(admission));
    let standing = StandingLayer::new(Admission::new(shared.live, name));
    let admitted = ServiceBuilder::new()
        .option_layer(outer.api_key.clone())
        .option_layer(outer.rate_limit.clone())
        .service(inner(name, layers, leaf, shared)?);
    let stack = outer.around(Either::Left(admitted), |inner| {
        Either::Left(standing.layer(inner))
    });
    let service = ServiceBuilder::new()
        .layer(AiFormatLayer::new())
        .layer(shared.upload)
        .service(stack);
    Ok(SharedService::new(service))
}

/// Bounds uploads. A stack whose layers are all erased is one service less to pass.
fn bounded<S: Answers>(stack: Either<S, SharedService>, upload: UploadLayer) -> SharedService {
    match stack {
        Either::Left(stack) => SharedService::new(upload.layer(stack)),
        Either::Right(stack) => SharedService::new(upload.layer(stack)),
    }
}

/// The layers that see a request first.
struct Outer {
    request_id: Option<RequestIdLayer>,
    grpc_web: Option<GrpcWebLayer>,
    client_cert: Option<ClientCertLayer>,
    jwt: Option<JwtLayer>,
    api_key: Option<ApiKeyLayer>,
    rate_limit: Option<RateLimitLayer<Arc<RateStore>>>,
}

impl Outer {
    fn of(name: &str, layers: &Layers, shared: &Shared<'_>) -> Result<Self, ConfigError> {
        let request_id = layers.request_id().map(RequestIdLayer::from_config);
        let client_cert = layers.client_cert().map(ClientCertLayer::from_config);
        let jwt = layers.jwt().map(|config| jwt(config, shared));
        let api_key = layers.api_key().map(ApiKeyLayer::from_config);
        let rate_limit = layers.rate_limit().map(|config| {
            let store = shared
                .stores
                .get_or(&format!("rate_limit/{name}"), RateStore::new);
            RateLimitLayer::from_config_with(config, store, OnStoreError::Local)
        });
        Ok(Self {
            request_id: at("request_id", request_id)?,
            grpc_web: layers.grpc_web().map(GrpcWebLayer::from_config),
            client_cert: at("client_cert", client_cert)?,
            jwt: at("jwt", jwt)?,
            api_key: at("api_key", api_key)?,
            rate_limit: at("rate_limit", rate_limit)?,
        })
    }

    /// Puts those around `stack` that stand outside of `api_key`, and `within` where it belongs.
    fn around<S: Answers, T: Answers>(
        self,
        stack: Either<S, SharedService>,
        within: impl FnOnce(Either<S, SharedService>) -> Either<T, SharedService>,
    ) -> Either<T, SharedService> {
        let stack = apart(apart(stack, self.jwt), self.client_cert);
        let stack = apart(within(stack), self.grpc_web);
        apart(stack, self.request_id)
    }
}

/// Puts the layers around `leaf` that see only requests which were admitted.
fn inner<S: Answers>(
    name: &str,
    layers: &Layers,
    leaf: S,
    shared: &Shared<'_>,
) -> Result<Either<S, SharedService>, ConfigError> {
    let concurrency = layers
        .concurrency()
        .map(|config| limit(name, config, shared));
    let transform = layers.transform().map(TransformLayer::from_config);
    let cache = layers.cache().map(|config| cache(config, shared));
    let circuit_breaker = layers
        .circuit_breaker()
        .map(|config| circuit(name, config, shared));
    let mirror = layers
        .mirror()
        .map(|config| shared.delivery.mirror(name, config));
    let timeout = layers.timeout().map(TimeoutLayer::from_config);
    let leaf = apart(Either::Left(leaf), timeout);
    let leaf = apart(leaf, at("circuit_breaker", circuit_breaker)?);
    let leaf = apart(leaf, at("mirror", mirror)?);
    let leaf = apart(leaf, at("cache", cache)?);
    let leaf = apart(leaf, at("transform", transform)?);
    Ok(apart(leaf, at("concurrency", concurrency)?))
}

/// Puts `layer`, if there is one, around `inner`, and erases the two.
///
/// `option_layer` for all would cost no box where there is a layer. But every request then passes the
/// branches of all that its route has not, with a future as large as all of them together. So the
/// layers that many routes have stay in line, and the others cost those that have them a box.
pub(super) fn apart<S, L, B>(
    inner: Either<S, SharedService>,
    layer: Option<L>,
) -> Either<S, SharedService>
where
    S: Answers,
    L: Layer<Either<S, SharedService>>,
    L::Service: Service<Request, Response = http::Response<B>, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    match layer {
        Some(layer) => Either::Right(SharedService::new(layer.layer(inner))),
        None => inner,
    }
}

/// Keys that were fetched survive a reload, so that it works while their issuer is away. Keys from
/// the config do not: the text tells neither a rotated secret nor a changed file.
fn jwt(config: &JwtConfig, shared: &Shared<'_>) -> Result<JwtLayer, ConfigError> {
    let text = format!("{config:?}");
    if text.contains("Secret(") || text.contains("file: Some(") {
        return JwtLayer::from_config(config);
    }
    let layer = shared
        .stores
        .try_get_or(&format!("jwt/{text}"), || JwtLayer::from_config(config))?;
    Ok(JwtLayer::clone(&layer))
}

/// One store for all routes, and the route in each key: two routes may answer one URL differently.
fn cache(config: &CacheConfig, shared: &Shared<'_>) -> Result<CacheLayer, ConfigError> {
    let layer = CacheLayer::from_config(config, shared.cache.clone())?;
    let Some(partition) = &config.partition else {
        return Ok(layer.partition(Key::Route));
    };
    let partition: Key = partition
        .parse()
        .map_err(|error| ConfigError::new("partition", error))?;
    Ok(layer.partition(Key::tuple([Key::Route, partition])))
}

/// Requests under way outlive a reload, and count until they have ended: their places survive while
/// the options do.
fn limit(
    name: &str,
    config: &ConcurrencyConfig,
    shared: &Shared<'_>,
) -> Result<ConcurrencyLayer, ConfigError> {
    let make = || ConcurrencyLayer::from_config(config);
    let store = format!("concurrency/{name}/{config:?}");
    let layer = ConcurrencyLayer::clone(&*shared.stores.try_get_or(&store, make)?);
    shared.guard(name).limit = Some(layer.clone());
    Ok(layer)
}

fn circuit(
    name: &str,
    config: &CircuitBreakerConfig,
    shared: &Shared<'_>,
) -> Result<CircuitBreakerLayer, ConfigError> {
    let make = || CircuitBreakerLayer::from_config(config);
    let store = format!("circuit_breaker/{name}/{config:?}");
    let layer = CircuitBreakerLayer::clone(&*shared.stores.try_get_or(&store, make)?);
    shared.guard(name).circuit = Some(Arc::clone(layer.circuit()));
    Ok(layer)
}

/// Puts the layer's name in front of what it complains about.
fn at<L>(layer: &str, built: Option<Result<L, ConfigError>>) -> Result<Option<L>, ConfigError> {
    built.transpose().map_err(|error| error.at(layer))
}
