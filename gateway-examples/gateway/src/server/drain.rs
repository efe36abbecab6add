use std::time::Duration;

use tokio::sync::watch;

/// Tells connections to finish, and waits until they have.
#[derive(Debug)]
pub struct DrainHandle {
    draining: watch::Sender<bool>,
}

/// A connection's end of a [`DrainHandle`]; while one lives, the drain is not complete.
#[derive(Clone, Debug)]
pub struct Drain {
    draining: watch::Receiver<bool>,
}

impl DrainHandle {
    /// A handle and the end to give to [`serve`](super::serve).
    #[must_use]
    pub fn new() -> (Self, Drain) {
        let (sender, receiver) = watch::channel(false);
        (Self { draining: sender }, Drain { draining: receiver })
    }

    /// Stops accepting. Idle connections close, the others after their answer.
    pub fn start(&self) {
        self.draining.send_replace(true);
    }

    /// Whether everything had finished within `timeout`.
    pub async fn wait(&self, timeout: Duration) -> bool {
        tokio::time::timeout(timeout, self.draining.closed())
            .await
            .is_ok()
    }
}

impl Drain {
    /// Whether the drain has started since this end, which has not been waited on, was cloned.
    pub(super) fn has_started(&self) -> bool {
        self.draining.has_changed().unwrap_or(false)
    }

    /// Completes when the drain starts. A handle that is gone cannot start one.
    pub async fn started(&mut self) {
        if self.draining.wait_for(|draining| *draining).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
