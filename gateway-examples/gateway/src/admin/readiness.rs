use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Whether requests are taken; shared by the admin listener and whoever starts and stops the server.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    phase: Arc<AtomicU8>,
}

impl Readiness {
    /// Not ready yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The listeners are open.
    pub fn ready(&self) {
        self.phase.store(READY, Ordering::Release);
    }

    /// The end has begun; there is no way back.
    pub fn drain(&self) {
        self.phase.store(DRAINING, Ordering::Release);
    }

    /// Whether requests are taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase.load(Ordering::Acquire) == READY
    }

    /// `starting`, `ready` or `draining`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self.phase.load(Ordering::Acquire) {
            READY => "ready",
            DRAINING => "draining",
            _ => "starting",
        }
    }
}

const READY: u8 = 1;
const DRAINING: u8 = 2;
