use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, crowd::Crowd};

/// How many connections may be open. Clones share the count: what file descriptors and memory bear
/// is one number, however many listeners there are.
#[derive(Clone, Debug)]
pub struct Places {
    slots: Arc<Semaphore>,
    crowd: Option<Crowd>,
}

impl Places {
    /// As many as `limits` says.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let crowd = limits
            .max_connections_per_ip
            .map(|max| Crowd::new(max.get(), limits.uncounted.clone()));
        Self {
            slots: Arc::new(Semaphore::new(limits.max_connections)),
            crowd,
        }
    }

    /// Waits for one; `None` never comes, since nobody closes the semaphore.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    pub(super) const fn crowd(&self) -> Option<&Crowd> {
        self.crowd.as_ref()
    }
}
