//! A new config without a restart: parse, check, build, and one atomic swap.
//!
//! Everything that can fail happens in [`Reloader::prepare`], beside the running stack;
//! [`Prepared::commit`] cannot fail. A bad file therefore never replaces a good one: it is
//! reported – in the log, in the reply to `POST /admin/reload`, in `/admin/status` and by
//! `gateway_config_last_reload_successful` – and the stack in place goes on.
//!
//! What must outlive a stack – counters, caches, connection pools – is kept in [`Stores`] under a
//! name and handed to the next stack. Requests in flight end on the stack they began on.

mod reloader;
mod status;
mod stores;
mod task;
mod watch;

pub use self::{
    reloader::{Build, Prepared, Reloader},
    status::{Attempt, Cause, Status},
    stores::{Draft, Stores},
    task::run,
    watch::{Watch, WatchError},
};
