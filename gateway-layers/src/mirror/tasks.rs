use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{runtime::Handle, task::JoinSet};

use super::{Mirrored, OnMirrored};

/// Owns the tasks that send copies; they are aborted when it is dropped, which is why they must not
/// hold it.
#[derive(Default)]
pub(super) struct Tasks {
    set: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// Starts a task, or drops it where there is no runtime.
    pub(super) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        if let Ok(runtime) = Handle::try_current() {
            set.spawn_on(task, &runtime);
        }
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

/// Counts copies and tells how they end.
pub(super) struct Ledger {
    in_flight: AtomicUsize,
    hook: Arc<dyn OnMirrored>,
}

impl Ledger {
    pub(super) fn new(hook: Arc<dyn OnMirrored>) -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            hook,
        }
    }

    /// A place among at most `most`.
    pub(super) fn admit(self: &Arc<Self>, most: usize) -> Option<Ticket> {
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= most {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.hook.on_mirrored(Mirrored::Busy);
            return None;
        }
        Some(Ticket {
            ledger: Arc::clone(self),
            end: Mirrored::Cancelled,
        })
    }

    pub(super) fn tell(&self, mirrored: Mirrored) {
        self.hook.on_mirrored(mirrored);
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

/// A copy that exists. Dropped without an end, it was cancelled.
#[must_use = "the copy no longer counts when this is dropped"]
pub(super) struct Ticket {
    ledger: Arc<Ledger>,
    end: Mirrored,
}

impl Ticket {
    pub(super) fn end(mut self, end: Mirrored) {
        self.end = end;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.ledger.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.ledger.tell(self.end);
    }
}
