use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::edge::AiService;

/// How long a WebSocket of the Responses or the Realtime API is open.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSocketConfig {
    /// The longest silence in both directions. Defaults to 10m.
    #[serde(default)]
    pub idle: Option<Duration>,
    /// The longest time in all. Defaults to 1h.
    #[serde(default)]
    pub total: Option<Duration>,
}

impl WebSocketConfig {
    pub(super) fn limit(&self, mut service: AiService) -> Result<AiService, ConfigError> {
        let limits = [("idle", self.idle), ("total", self.total)];
        for (name, limit) in limits {
            if limit.is_some_and(|limit| limit.get().is_zero()) {
                return Err(ConfigError::new(name, "no WebSocket could stay open"));
            }
        }
        if let Some(idle) = self.idle {
            service = service.socket_idle(idle.get());
        }
        if let Some(total) = self.total {
            service = service.socket_total(total.get());
        }
        Ok(service)
    }
}
