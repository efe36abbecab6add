//! The listener for operators: health, metrics, status, reload.
//!
//! | path | answers |
//! |---|---|
//! | `GET /healthz` | 200 while the process lives |
//! | `GET /readyz` | 200 when requests are taken, 503 before and while draining |
//! | `GET /metrics` | OpenMetrics text |
//! | `GET /admin/status` | generation, listeners, routes, upstreams, last reload |
//! | `GET /admin/routes/{route}/split` | the shares of a split route, with an `ETag` |
//! | `POST /admin/routes/{route}/split` | sets them, `{ "v1": "50%", "v2": "50%" }`: 200, 400, 404, 412 with an old `If-Match`, 422 |
//! | `POST /admin/reload` | loads the config file again: 200, or 422 with every finding |
//!
//! Shares that were set are in force at once and outlast reloads of the file until somebody edits
//! them there; they do not outlast the process.
//!
//! The health endpoints are open: those who ask have no credentials. For the others a token is
//! required, or – on a loopback listener without one – a request that no web page can have made: a
//! browser on this machine reaches loopback too, so a `Host` that is not this machine (DNS
//! rebinding) and any `Origin` (cross-site requests) are refused.

mod guard;
mod readiness;
mod service;
mod split;

pub(crate) use self::split::shares;
pub use self::{
    guard::{ExposedError, Guard},
    readiness::Readiness,
    service::{Admin, Reload, ReloadFuture},
};
