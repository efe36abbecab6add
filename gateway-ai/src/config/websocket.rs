use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::edge::{AiService, SOCKET_IDLE, SOCKET_TOTAL};

/// How long a WebSocket of the Responses or the Realtime API is open.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebSocketConfig {
    /// The longest silence in both directions. Defaults to 10m.
    pub idle: Duration,
    /// The longest time in all. Defaults to 1h.
    pub total: Duration,
}

impl WebSocketConfig {
    pub(super) fn limit(&self, service: AiService) -> Result<AiService, ConfigError> {
        for (name, limit) in [("idle", self.idle), ("total", self.total)] {
            if limit.get().is_zero() {
                return Err(ConfigError::new(name, "no WebSocket could stay open"));
            }
        }
        let service = service.socket_idle(self.idle.get());
        Ok(service.socket_total(self.total.get()))
    }
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            idle: Duration::new(SOCKET_IDLE),
            total: Duration::new(SOCKET_TOTAL),
        }
    }
}
