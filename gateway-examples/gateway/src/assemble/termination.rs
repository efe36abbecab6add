use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use gateway_core::config::ConfigError;
use gateway_layers::{
    observe::Metrics,
    tls::{CertificateInfo, TlsAcceptor, TlsServerConfig, Watch},
};

use crate::config::Config;

/// What ends TLS on the listeners, across reloads: connections that are open live on, and new ones
/// get what the newest config says.
#[derive(Clone, Debug, Default)]
pub(super) struct Terminations {
    by_listener: Arc<Mutex<BTreeMap<String, Termination>>>,
}

#[derive(Debug)]
struct Termination {
    acceptor: TlsAcceptor,
    config: TlsServerConfig,
    /// Files are watched where there is a runtime to do it on.
    _watch: Option<Watch>,
}

/// What a config wants, built and not yet in use.
#[derive(Debug)]
pub(super) struct Prepared {
    wanted: Vec<(String, TlsAcceptor, TlsServerConfig)>,
}

impl Terminations {
    /// Builds what the listeners of `config` want.
    pub(super) fn prepare(&self, config: &Config, errors: &mut Vec<ConfigError>) -> Prepared {
        let mut wanted = Vec::new();
        for (name, listener) in config.all_listeners() {
            let Some(tls) = listener.tls else { continue };
            match TlsAcceptor::from_config(&tls) {
                Ok(acceptor) => wanted.push((name.to_owned(), acceptor, tls.0)),
                Err(error) => errors.push(error.at(&format!("{}.tls", config.listener_path(name)))),
            }
        }
        Prepared { wanted }
    }

    /// Puts it to use.
    pub(super) fn commit(&self, prepared: Prepared) {
        let mut known = self.lock();
        known.retain(|name, _| prepared.wanted.iter().any(|(wanted, ..)| wanted == name));
        for (name, acceptor, config) in prepared.wanted {
            let acceptor = match known.get(&name) {
                // A certificate made at the start stays: another would be a stranger to everybody.
                Some(termination) if termination.config == config && made(&config) => continue,
                Some(termination) => {
                    termination.acceptor.adopt(&acceptor);
                    termination.acceptor.clone()
                }
                None => acceptor,
            };
            let has_runtime = tokio::runtime::Handle::try_current().is_ok();
            let watch = has_runtime.then(|| acceptor.watch(config.reload_every()));
            let termination = Termination {
                acceptor,
                config,
                _watch: watch,
            };
            known.insert(name, termination);
        }
    }

    pub(super) fn acceptor(&self, listener: &str) -> Option<TlsAcceptor> {
        let known = self.lock();
        known.get(listener).map(|found| found.acceptor.clone())
    }

    /// The certificates in use: listener, path of the option, and what is known.
    pub(super) fn certificates(&self) -> Vec<(String, String, CertificateInfo)> {
        let known = self.lock();
        let each = known.iter().flat_map(|(name, termination)| {
            let infos = termination.acceptor.certificates().into_iter().enumerate();
            infos.map(|(index, info)| {
                let path = termination.config.certificate_path(index);
                (name.clone(), path, info)
            })
        });
        each.collect()
    }

    /// Tells how long each certificate is still valid, each time the metrics are read.
    pub(super) fn measure(&self, metrics: &Metrics) {
        let known = self.clone();
        metrics.watch_gauge(
            "tls_certificate_expiry_seconds",
            "Time until a certificate expires, below zero when it has",
            move || {
                let now = SystemTime::now();
                let each = known.certificates().into_iter();
                each.map(|(listener, certificate, info)| {
                    let labels = vec![("listener", listener), ("certificate", certificate)];
                    (labels, seconds_until(info.not_after, now))
                })
                .collect()
            },
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Termination>> {
        self.by_listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn made(config: &TlsServerConfig) -> bool {
    config.cert.is_none() && config.certs.is_empty()
}

fn seconds_until(then: SystemTime, now: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match then.duration_since(now) {
        Ok(left) => seconds(left),
        Err(over) => -seconds(over.duration()),
    }
}
