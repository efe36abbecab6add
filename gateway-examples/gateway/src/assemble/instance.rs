use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use gateway_core::config::{ConfigError, Diagnostics};
use gateway_layers::observe::Gauge;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    gateway::Gateway,
    listeners::{self, Open, OpenError},
};
use crate::{
    admin::{Admin, ExposedError, Guard, Readiness, ReloadFuture},
    config::{Config, Loaded},
    reload::{self, Cause, Reloader},
    server::{self, Address, DrainHandle, Entrance, Listener, Places},
};

/// A gateway with its sockets open.
///
/// Dropping it stops accepting and lets connections finish what they are at; [`drain`](Self::drain)
/// waits for them.
pub struct Instance {
    gateway: Gateway,
    listeners: Vec<(String, SocketAddr)>,
    urls: Vec<(String, String)>,
    admin: Option<SocketAddr>,
    readiness: Readiness,
    drain: DrainHandle,
    admin_drain: DrainHandle,
    /// What accepts, and what watches the file; connections are the drains'.
    tasks: JoinSet<()>,
    times: (Duration, Duration),
}

/// What the command line says instead of the config.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// The only address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address of the admin listener.
    pub admin: Option<SocketAddr>,
}

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The config cannot be used.
    #[error("the config has errors")]
    Config(Diagnostics),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address, or the path of a Unix socket.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// What a listener has beside its address cannot be used.
    #[error("{}: {}", .0.path(), .0.message())]
    Listener(ConfigError),
    /// The admin listener would be open to everybody.
    #[error(transparent)]
    Exposed(#[from] ExposedError),
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Bind { address, source } => Self::Bind { address, source },
            OpenError::Config(error) => Self::Listener(error),
        }
    }
}

impl Instance {
    /// Builds the gateway, opens its sockets and serves on the current runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing is left open then.
    pub fn start(loaded: Loaded, overrides: Overrides) -> Result<Self, StartError> {
        let config = loaded.config.clone();
        let gateway = Gateway::new(loaded).map_err(StartError::Config)?;
        let terminations = gateway.terminations();
        let open = listeners::open(&config, terminations, overrides.listen)?;
        let admin = admin_socket(&config, overrides)?;
        let (drain, token) = DrainHandle::new();
        let (admin_drain, admin_token) = DrainHandle::new();
        let mut instance = Self {
            listeners: addresses(&open),
            urls: open
                .iter()
                .map(|open| (open.name.clone(), open.url()))
                .collect(),
            admin: None,
            readiness: Readiness::new(),
            tasks: JoinSet::new(),
            gateway,
            drain,
            admin_drain,
            times: (config.drain.delay.get(), config.drain.timeout.get()),
        };
        let reloader = Arc::clone(instance.gateway.reloader());
        instance.tasks.spawn(reload::run(reloader));
        let limits = listeners::limits(&config);
        let places = Places::new(&limits);
        for open in open {
            let cost = (limits.clone(), places.clone());
            let service = instance.gateway.service();
            open.serve(&mut instance.tasks, service, cost, token.clone());
        }
        if let Some((socket, guard)) = admin {
            instance.admin = match socket.address() {
                Ok(Address::Tcp(address)) => Some(address),
                _ => None,
            };
            let admin = instance.admin_service(guard);
            instance.tasks.spawn(server::serve(
                socket,
                Entrance::default(),
                admin,
                limits.clone(),
                // Operators get in while clients take all there is.
                Places::new(&limits),
                admin_token,
            ));
        }
        instance.readiness.ready();
        Ok(instance)
    }

    /// The gateway.
    #[must_use]
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The listeners that have an address, with the one they really have.
    #[must_use]
    pub fn listeners(&self) -> &[(String, SocketAddr)] {
        &self.listeners
    }

    /// The address of the admin listener, if there is one.
    #[must_use]
    pub const fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// How long a drain takes: the delay before it, and the time for what is in flight.
    #[must_use]
    pub const fn drain_times(&self) -> (Duration, Duration) {
        self.times
    }

    /// The lines that say where it listens: `listening http://ADDR`, `listening https://ADDR` or
    /// `listening unix:PATH`, and `admin http://ADDR`.
    #[must_use]
    pub fn announcement(&self) -> String {
        let listening = self
            .urls
            .iter()
            .map(|(_, url)| format!("listening {url}\n"));
        let admin = self.admin.iter().map(|at| format!("admin http://{at}\n"));
        listening.chain(admin).collect()
    }

    /// Ends in order: readiness fails, `delay` passes, no more connections, and what is in flight
    /// has the time the config gives it. The admin listener answers until then. Gives whether
    /// everything could finish.
    pub async fn drain(self, delay: Duration) -> bool {
        self.readiness.drain();
        tokio::time::sleep(delay).await;
        self.drain.start();
        self.gateway.leave();
        let finished = self.drain.wait(self.times.1).await;
        if !finished {
            tracing::warn!("the time to drain is over; what is in flight is cut");
        }
        self.admin_drain.start();
        self.admin_drain.wait(ADMIN_DRAIN).await;
        self.gateway.close_log();
        finished
    }

    fn admin_service(&self, guard: Guard) -> Admin {
        let metrics = self.gateway.metrics().clone();
        let successful = metrics.gauge(
            "config_last_reload_successful",
            "Whether the last config that was loaded is in force",
        );
        let generation = metrics.gauge("config_generation", "Configs that have been in force");
        let reloader = Arc::clone(self.gateway.reloader());
        let encode = {
            let reloader = Arc::clone(&reloader);
            move || {
                tell(&reloader, &successful, &generation);
                metrics.encode()
            }
        };
        let gateway = self.gateway.clone();
        let (listeners, readiness) = (self.urls.clone(), self.readiness.clone());
        let status = move || {
            let mut status = gateway.status();
            status["phase"] = json!(readiness.as_str());
            status["listeners"] = listeners
                .iter()
                .map(|(name, url)| {
                    let address = url.split_once("://").map_or(&**url, |(_, address)| address);
                    json!({ "name": name, "address": address, "url": url })
                })
                .collect();
            status
        };
        let reload = move || admin_reload(Arc::clone(&reloader));
        let gateway = self.gateway.clone();
        Admin::new(guard, self.readiness.clone(), encode, status, reload)
            .splits(move |route| gateway.split(route))
    }
}

fn tell(reloader: &Reloader, successful: &Gauge, generation: &Gauge) {
    successful.set(i64::from(reloader.last_successful()));
    generation.set(i64::try_from(reloader.status().generation).unwrap_or(i64::MAX));
}

fn admin_reload(reloader: Arc<Reloader>) -> ReloadFuture {
    Box::pin(async move {
        let reloaded = tokio::task::spawn_blocking(move || reloader.reload(Cause::Admin)).await;
        match reloaded {
            Ok(Ok(status)) => Ok(json!(status)),
            Ok(Err(findings)) => Err(json!({ "findings": findings })),
            Err(_) => Err(json!({ "findings": Value::Null })),
        }
    })
}

fn admin_socket(
    config: &Config,
    overrides: Overrides,
) -> Result<Option<(Listener, Guard)>, StartError> {
    let configured = config.admin.as_ref().map(|admin| &admin.0);
    let address = overrides
        .admin
        .or_else(|| configured.map(|admin| admin.bind.get()));
    let Some(address) = address else {
        return Ok(None);
    };
    let token = configured.and_then(|admin| admin.token.clone());
    let guard = Guard::new(address, token)?;
    Ok(Some((bind(address)?, guard)))
}

fn bind(address: SocketAddr) -> Result<Listener, StartError> {
    server::bind(address).map_err(|source| StartError::Bind {
        address: address.to_string(),
        source,
    })
}

fn addresses(open: &[Open]) -> Vec<(String, SocketAddr)> {
    let each = open.iter().filter_map(|open| match open.address {
        Address::Tcp(address) => Some((open.name.clone(), address)),
        Address::Unix(_) => None,
    });
    each.collect()
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.tasks.abort_all();
        self.drain.start();
        self.admin_drain.start();
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("listeners", &self.listeners)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

/// For an operator's request that is being answered.
const ADMIN_DRAIN: Duration = Duration::from_secs(1);
