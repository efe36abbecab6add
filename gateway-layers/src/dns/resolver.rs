use std::{fmt, net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};
use tokio::time::Instant;

use super::{Source, Target};

/// Asks DNS. A clone shares its connections.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
    every: Option<Duration>,
}

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
#[error("no DNS resolver: {0}")]
pub struct ResolverError(#[from] NetError);

/// An answer, and for how long it is good.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) targets: Vec<Target>,
    pub(super) good_for: Duration,
}

impl Resolver {
    /// Asks whom the system asks, `/etc/hosts` included.
    ///
    /// # Errors
    ///
    /// The system's configuration cannot be read.
    pub fn system() -> Result<Self, ResolverError> {
        let mut builder = TokioResolver::builder_tokio()?;
        adapt(builder.options_mut());
        Ok(Self {
            inner: builder.build()?,
            every: None,
        })
    }

    /// Asks these servers, and nobody else.
    ///
    /// # Errors
    ///
    /// They cannot be used.
    pub fn with_servers(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        let servers = servers.iter().map(|address| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let mut server = NameServerConfig::udp(address.ip());
            server.connections = connections
                .into_iter()
                .map(|mut connection| {
                    connection.port = address.port();
                    connection
                })
                .collect();
            server
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        adapt(builder.options_mut());
        Ok(Self {
            inner: builder.build()?,
            every: None,
        })
    }

    /// Asks this often, whatever the answers say. Defaults to when an answer expires, but not before
    /// a second nor after five minutes.
    #[must_use]
    pub const fn every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    /// How long to wait after there was no answer.
    pub(super) fn pause(&self) -> Duration {
        self.every.map_or(PAUSE, |every| every.min(PAUSE))
    }

    pub(super) async fn resolve(&self, source: &Source) -> Result<Answer, NetError> {
        if source.is_srv() {
            return self.services(source).await;
        }
        let found = self.inner.lookup_ip(source.host()).await?;
        let port = source.port();
        let targets = found
            .iter()
            .map(|address| Target::new(SocketAddr::new(address, port)));
        Ok(Answer {
            targets: targets.collect(),
            good_for: self.good_for(Instant::from_std(found.valid_until())),
        })
    }

    /// The addresses of the targets of a service. One that cannot be resolved is left out while
    /// others can.
    async fn services(&self, source: &Source) -> Result<Answer, NetError> {
        let found = self.inner.lookup(source.host(), RecordType::SRV).await?;
        let services = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(service) => Some(service),
                _ => None,
            });
        let resolved = join_all(services.map(|service| async move {
            let addresses = self.inner.lookup_ip(service.target.clone()).await;
            (service, addresses)
        }));
        let mut valid_until = Instant::from_std(found.valid_until());
        let mut targets = Vec::new();
        let mut failure = None;
        for (service, addresses) in resolved.await {
            match addresses {
                Ok(addresses) => {
                    valid_until = valid_until.min(Instant::from_std(addresses.valid_until()));
                    targets.extend(addresses.iter().map(|address| Target {
                        priority: service.priority.into(),
                        address: SocketAddr::new(address, service.port),
                        // RFC 2782: weight 0 is for a small share where others have more, and here
                        // is the smallest there is.
                        weight: u32::from(service.weight).max(1),
                    }));
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if targets.is_empty() => Err(error),
            _ => Ok(Answer {
                targets,
                good_for: self.good_for(valid_until),
            }),
        }
    }

    fn good_for(&self, valid_until: Instant) -> Duration {
        self.every.unwrap_or_else(|| {
            let left = valid_until.saturating_duration_since(Instant::now());
            left.clamp(SOONEST, LATEST)
        })
    }
}

/// When to ask again is decided here, and a cache would only hide the answer.
fn adapt(options: &mut ResolverOpts) {
    options.cache_size = 0;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = Duration::from_secs(2);
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(5);
