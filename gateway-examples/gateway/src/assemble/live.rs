use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use gateway_core::SharedService;
use gateway_layers::{
    balance::EndpointStatus,
    observe::AccessLog,
    router::{Router, Rule},
};
use serde_json::{Value, json};

use super::upstream::Upstreams;
use crate::config::Config;

/// What `GET /admin/status` says about the running stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    current: Arc<ArcSwapOption<Current>>,
}

/// The parts of a stack that can be asked. Texts are made when they are asked for: with ten
/// thousand routes they would be most of the memory.
#[derive(Debug)]
pub(super) struct Current {
    router: Router<SharedService>,
    targets: HashMap<Box<str>, Target>,
    upstreams: Upstreams,
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
            log,
        }
    }

    fn route(&self, rule: &Rule) -> Value {
        let target = self.targets.get(rule.name());
        json!({
            "name": rule.name(),
            "path": rule.pattern(),
            "hosts": rule.hosts().map(ToString::to_string).collect::<Vec<_>>(),
            "methods": rule.methods().iter().map(http::Method::as_str).collect::<Vec<_>>(),
            "layers": target.map(|target| &target.layers),
            "to": target.and_then(|target| target.to.as_deref()),
        })
    }
}

impl Live {
    pub(super) fn set(&self, current: Current) {
        self.current.store(Some(Arc::new(current)));
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
        "ejections": status.ejections.iter().map(|(_, count)| count).sum::<u64>(),
    })
}
