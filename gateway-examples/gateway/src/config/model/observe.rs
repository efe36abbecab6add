use gateway_core::config::Percent;
use gateway_layers::observe::AccessLogConfig;
use schemars::JsonSchema;
use serde::Deserialize;

use super::slot::Slot;

/// What is recorded about requests. Metrics always are, on the admin listener.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Observe {
    /// A line per request. Defaults to none; `true` writes JSON to standard output.
    pub access_log: Option<Slot<AccessLogConfig>>,
    /// Trace context: W3C `traceparent`, in and out.
    pub tracing: Tracing,
}

/// Trace context.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tracing {
    /// Whether the context is handed on to upstreams. Defaults to `true`.
    pub propagate: bool,
    /// The share of the traces begun here that are marked as sampled. Defaults to `0%`.
    pub sample: Percent,
}

impl Default for Tracing {
    fn default() -> Self {
        Self {
            propagate: true,
            sample: Percent::default(),
        }
    }
}
