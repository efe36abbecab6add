use std::{
    fmt,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, task::JoinSet, time::timeout};

/// Owns the refreshes that run behind an answer: so many at once, each for so long, and all aborted
/// when the last service of the layer is dropped.
pub(super) struct Refreshes {
    tasks: Mutex<JoinSet<()>>,
    most: usize,
    longest: Duration,
}

impl Refreshes {
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        Self {
            tasks: Mutex::default(),
            most,
            longest,
        }
    }

    /// Whether one more may be started now: there is room, and a runtime to run it.
    pub(super) fn has_room(&self) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.len() < self.most && Handle::try_current().is_ok()
    }

    /// Starts one. Called after [`has_room`](Self::has_room); a race may exceed the bound by the
    /// number of threads.
    pub(super) fn start(&self, refresh: impl Future<Output = ()> + Send + 'static) {
        let longest = self.longest;
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(async move {
            // What is not done by then is dropped, and with it the lead and the half-filled entry.
            _ = timeout(longest, refresh).await;
        });
    }
}

impl fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshes")
            .field("most", &self.most)
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}
