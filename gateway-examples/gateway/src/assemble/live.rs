use std::sync::Arc;

use arc_swap::ArcSwap;
use gateway_layers::observe::AccessLog;
use serde_json::{Value, json};

use super::upstream::Built;
use crate::config::Config;

/// What `GET /admin/status` says about the running stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    current: Arc<ArcSwap<Current>>,
}

#[derive(Debug, Default)]
struct Current {
    routes: Vec<Value>,
    upstreams: Vec<Built>,
    log: Option<AccessLog>,
}

impl Live {
    pub(super) fn set(&self, config: &Config, upstreams: Vec<Built>, log: Option<AccessLog>) {
        let routes = config.routes.iter().map(|(name, route)| {
            json!({
                "name": name,
                "path": route.matches.path,
                "host": route.matches.host.to_vec(),
                "methods": route.matches.methods.to_vec(),
                "layers": config.layers_of(route).names(),
                "to": route.to,
                "ai": route.ai.is_some(),
            })
        });
        self.current.store(Arc::new(Current {
            routes: routes.collect(),
            upstreams,
            log,
        }));
    }

    /// Writes out what the access log still holds. Blocks for as long as that takes.
    pub(super) fn close_log(&self) {
        if let Some(log) = &self.current.load().log {
            log.close();
        }
    }

    pub(super) fn routes(&self) -> Vec<Value> {
        self.current.load().routes.clone()
    }

    pub(super) fn upstreams(&self) -> Vec<Value> {
        let current = self.current.load();
        let upstream = |built: &Built| {
            let endpoints = built.balance.endpoints();
            let endpoints = endpoints.iter().map(|endpoint| {
                json!({
                    "name": endpoint.name(),
                    "active": endpoint.active(),
                    "available": endpoint.is_available(),
                })
            });
            json!({ "name": built.name, "endpoints": endpoints.collect::<Vec<_>>() })
        };
        current.upstreams.iter().map(upstream).collect()
    }
}
