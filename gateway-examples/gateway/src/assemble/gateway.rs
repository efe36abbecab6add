use std::{path::Path, sync::Arc};

use gateway_core::{
    Reloadable,
    config::{Diagnostics, Format, Source, System},
};
use gateway_layers::{observe::Metrics, split::Weights};
use serde_json::{Value, json};

use super::{embed::Embedded, live::Live, stack::Assembler, termination::Terminations};
use crate::{
    config::{self, Loaded},
    reload::Reloader,
};

/// A gateway: a service, and what reloads, measures and describes it.
///
/// ```
/// use axum::{Router, routing::get};
/// use gateway::Gateway;
///
/// let gateway = Gateway::from_yaml(
///     "upstreams: { shop: { endpoints: [http://127.0.0.1:9001] } }
/// routes: { shop: { match: '/shop/{*rest}', to: shop } }",
/// )?;
/// let app: Router = Router::new()
///     .route("/hello", get(|| async { "not the gateway's" }))
///     .fallback_service(gateway.embedded());
/// # drop(app);
/// # Ok::<(), gateway_core::config::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gateway {
    service: Reloadable,
    reloader: Arc<Reloader>,
    metrics: Metrics,
    live: Live,
    terminations: Terminations,
}

impl Gateway {
    /// Builds the gateway of a config.
    ///
    /// # Errors
    ///
    /// What the builders of layers and upstreams refuse, with its place in the file.
    pub fn new(loaded: Loaded) -> Result<Self, Diagnostics> {
        let assembler = Assembler::new();
        let (metrics, live) = (assembler.metrics().clone(), assembler.live.clone());
        let terminations = assembler.terminations.clone();
        let (reloader, service) = Reloader::start(loaded, assembler)?;
        Ok(Self {
            service,
            reloader,
            metrics,
            live,
            terminations,
        })
    }

    /// Builds the gateway of the file at `path`, in YAML, TOML or JSON.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        Self::new(config::load(path.as_ref())?)
    }

    /// Builds the gateway of a config in YAML; references to files are relative to the working
    /// directory.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn from_yaml(text: &str) -> Result<Self, Diagnostics> {
        let source = Source::new("config", text);
        let loaded = config::load_text(source, Format::Yaml, &System::new("."))?;
        Self::new(loaded)
    }

    /// The service that always runs the newest config.
    #[must_use]
    pub fn service(&self) -> Reloadable {
        self.service.clone()
    }

    /// The same service for requests with any body: for axum, hyper and other servers.
    #[must_use]
    pub fn embedded(&self) -> Embedded {
        Embedded::new(self.service.clone())
    }

    /// What reloads the config.
    #[must_use]
    pub const fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// The metrics.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) const fn terminations(&self) -> &Terminations {
        &self.terminations
    }

    /// Has WebSockets that end here say goodbye.
    pub(super) fn leave(&self) {
        self.live.leave();
    }

    pub(super) fn close_log(&self) {
        self.live.close_log();
    }

    /// The weights of a route that is split, to be read and changed.
    #[must_use]
    pub fn split(&self, route: &str) -> Option<Weights> {
        self.live.split(route)
    }

    /// What is running: config, routes, upstreams.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = json!(self.reloader.status());
        status["version"] = json!(env!("CARGO_PKG_VERSION"));
        status["routes"] = json!(self.live.routes());
        status["upstreams"] = json!(self.live.upstreams());
        status
    }
}
