use std::time::{SystemTime, UNIX_EPOCH};

use gateway_core::config::Diagnostics;
use serde::Serialize;

/// Why a reload was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The process began.
    Start,
    /// The file changed.
    FileChanged,
    /// `SIGHUP`.
    Signal,
    /// `POST /admin/reload`.
    Admin,
}

/// How the last reload went, and what is running.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Counts the stacks that have run; 1 is the one of the start.
    pub generation: u64,
    /// When the running stack was swapped in, in seconds since 1970.
    pub since: u64,
    /// The file, if the config came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A fingerprint of the text of the running config: equal on instances that run the same.
    pub hash: String,
    /// The last reload, successful or not.
    pub last_reload: Attempt,
}

/// One try to load a config.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Why.
    pub cause: Cause,
    /// When, in seconds since 1970.
    pub at: u64,
    /// Whether its config is the one that runs now.
    pub successful: bool,
    /// What was found; after a success, warnings.
    pub findings: Diagnostics,
}

impl Attempt {
    pub(super) fn new(cause: Cause, successful: bool, findings: Diagnostics) -> Self {
        Self {
            cause,
            at: unix_now(),
            successful,
            findings,
        }
    }
}

pub(super) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
