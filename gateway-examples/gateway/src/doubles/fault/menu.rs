//! The faults a double currently commits.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::spec::Fault;

/// The faults of one double, switchable while it runs. Clones share the menu.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    armed: Arc<Mutex<Vec<Armed>>>,
}

/// A fault on the menu and what became of it so far.
#[derive(Clone, Debug)]
pub struct Armed {
    fault: Fault,
    matched: u64,
    committed: u64,
}

impl Faults {
    /// No fault.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Replaces the menu by one fault.
    pub fn set(&self, fault: Fault) {
        self.set_all(vec![fault]);
    }

    /// Replaces the menu; the first fault that applies to a request is the one committed.
    pub fn set_all(&self, faults: Vec<Fault>) {
        *self.lock() = faults.into_iter().map(Armed::new).collect();
    }

    /// Empties the menu.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is on the menu.
    #[must_use]
    pub fn list(&self) -> Vec<Armed> {
        self.lock().clone()
    }

    /// The fault to commit on a request to `path`, if any; counts it.
    pub(crate) fn pick(&self, path: &str) -> Option<Fault> {
        let mut menu = self.lock();
        let position = menu.iter_mut().position(|armed| armed.applies(path))?;
        let fault = menu[position].fault.clone();
        if menu[position].is_spent() {
            menu.remove(position);
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            matched: 0,
            committed: 0,
        }
    }

    /// The fault.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How often it was committed.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed
    }

    fn applies(&mut self, path: &str) -> bool {
        if self
            .fault
            .path
            .as_ref()
            .is_some_and(|prefix| !path.starts_with(prefix.as_str()))
        {
            return false;
        }
        self.matched += 1;
        if self
            .fault
            .every
            .is_some_and(|every| !self.matched.is_multiple_of(every.get()))
        {
            return false;
        }
        self.committed += 1;
        true
    }

    fn is_spent(&self) -> bool {
        self.fault
            .times
            .is_some_and(|times| self.committed >= times.get())
    }
}
