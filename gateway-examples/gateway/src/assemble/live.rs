use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use gateway_core::SharedService;
use gateway_layers::{
    balance::EndpointStatus,
    concurrency::ConcurrencyLayer,
    observe::AccessLog,
    router::{Router, Rule},
    split::Weights,
};
use serde_json::{Value, json};

use super::{
    delivery::Splits,
    guards::{Guard, Guards, Labelled},
    upstream::Upstreams,
};
use crate::{admin, config::Config};

/// What `GET /admin/status` says about the running stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    current: Arc<ArcSwapOption<Current>>,
    leaving: Arc<AtomicBool>,
}

/// The parts of a stack that can be asked. Texts are made when they are asked for: with ten
/// thousand routes they would be most of the memory.
#[derive(Debug)]
pub(super) struct Current {
    router: Router<SharedService>,
    targets: HashMap<Box<str>, Target>,
    upstreams: Upstreams,
    guards: Guards,
    splits: Splits,
    log: Option<AccessLog>,
}

#[derive(Debug)]
struct Target {
    layers: Box<[&'static str]>,
    to: Option<Box<str>>,
}

impl Current {
    pub(super) fn new(
        config: &Config,
        router: Router<SharedService>,
        upstreams: Upstreams,
        guards: Guards,
        splits: Splits,
        log: Option<AccessLog>,
    ) -> Self {
        let targets = config.routes.iter().map(|(name, route)| {
            let target = Target {
                layers: config.layers_of(route).names().into(),
                to: route.to.as_deref().map(Into::into),
            };
            (name.into(), target)
        });
        Self {
            targets: targets.collect(),
            router,
            upstreams,
            guards,
            splits,
            log,
        }
    }

    fn route(&self, rule: &Rule) -> Value {
        let target = self.targets.get(rule.name());
        let guard = self.guards.get(rule.name());
        json!({
            "name": rule.name(),
            "path": rule.pattern(),
            "hosts": rule.hosts().map(ToString::to_string).collect::<Vec<_>>(),
            "methods": rule.methods().iter().map(http::Method::as_str).collect::<Vec<_>>(),
            "layers": target.map(|target| &target.layers),
            "to": target.and_then(|target| target.to.as_deref()),
            "split": self.splits.get(rule.name()).map(admin::shares),
            "circuit": guard.and_then(Guard::circuit),
            "concurrency": guard.and_then(Guard::concurrency),
        })
    }
}

impl Live {
    pub(super) fn set(&self, current: Current) {
        self.current.store(Some(Arc::new(current)));
    }

    /// The gateway ends.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Relaxed);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// What lets requests in on a route.
    pub(super) fn admission(&self, route: &str) -> Option<SharedService> {
        let current = self.current.load();
        current.as_ref()?.guards.get(route)?.admission.clone()
    }

    /// Writes out what the access log still holds. Blocks for as long as that takes.
    pub(super) fn close_log(&self) {
        if let Some(current) = &*self.current.load()
            && let Some(log) = &current.log
        {
            log.close();
        }
    }

    pub(super) fn routes(&self) -> Vec<Value> {
        let current = self.current.load();
        let rules = current.iter().flat_map(|current| {
            let rules = current.router.rules();
            rules.map(|rule| current.route(rule))
        });
        rules.collect()
    }

    /// The weights of a route that is split.
    pub(super) fn split(&self, route: &str) -> Option<Weights> {
        let current = self.current.load();
        current.as_ref()?.splits.get(route).cloned()
    }

    pub(super) fn upstreams(&self) -> Vec<Value> {
        let current = self.current.load();
        let each = current.iter().flat_map(|current| &current.upstreams);
        let described = each.map(|(name, built)| {
            let endpoints = built.balance.status();
            let endpoints = endpoints.iter().map(endpoint).collect::<Vec<_>>();
            json!({ "name": name, "endpoints": endpoints })
        });
        described.collect()
    }

    /// The circuits of the running stack, of routes and of endpoints.
    pub(super) fn circuits(&self) -> Vec<Labelled> {
        let current = self.current.load();
        let Some(current) = &*current else {
            return Vec::new();
        };
        let of_endpoints = current.upstreams.iter().flat_map(|(upstream, built)| {
            let endpoints = built.balance.status().into_iter();
            endpoints.filter_map(move |endpoint| {
                let labels = vec![
                    ("upstream", upstream.clone()),
                    ("endpoint", endpoint.name.to_string()),
                ];
                let circuit = endpoint.circuit?;
                Some(Labelled { labels, circuit })
            })
        });
        let of_routes = current.guards.iter().filter_map(|(route, guard)| {
            let labels = vec![("route", route.to_string())];
            let circuit = guard.circuit.clone()?;
            Some(Labelled { labels, circuit })
        });
        of_routes.chain(of_endpoints).collect()
    }

    /// The limits of the running stack's routes.
    pub(super) fn limits(&self) -> Vec<(String, ConcurrencyLayer)> {
        let current = self.current.load();
        let guards = current.iter().flat_map(|current| &current.guards);
        guards
            .filter_map(|(route, guard)| Some((route.to_string(), guard.limit.clone()?)))
            .collect()
    }

    /// The balancers of the running stack, for the metrics.
    pub(super) fn endpoints(&self) -> Vec<(Arc<str>, Vec<EndpointStatus>)> {
        let current = self.current.load();
        let each = current
            .iter()
            .flat_map(|current| current.upstreams.values());
        let described = each.map(|built| (built.balance.name().into(), built.balance.status()));
        described.collect()
    }
}

fn endpoint(status: &EndpointStatus) -> Value {
    let since = SystemTime::now() - status.unchanged;
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "name": &*status.name,
        "state": status.health.as_str(),
        "reason": status.reason(),
        "since": since.as_secs(),
        "available": status.is_available(),
        "priority": status.priority,
        "weight": status.weight,
        "active": status.active,
        "latency_ms": status.latency.map(|latency| latency.as_secs_f64() * 1e3),
        "circuit": status.circuit.as_ref().map(|circuit| circuit.state().as_str()),
        "ejections": status.ejections.iter().map(|(_, count)| count).sum::<u64>(),
    })
}
