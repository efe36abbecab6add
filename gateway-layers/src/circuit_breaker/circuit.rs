use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gateway_core::{
    ErrorKind, GatewayError, Outcome,
    body::{End, Observe},
};
use tokio::time::Instant;

use super::{
    Breaker,
    machine::{Machine, Ticket, Verdict},
    rules,
};

/// One circuit: what is known about whoever is behind it.
///
/// Shared by all who send requests there, and by whoever shows its state.
#[derive(Debug)]
pub struct Circuit {
    rules: Breaker,
    start: Instant,
    machine: Mutex<Machine>,
    /// The epoch while the circuit is closed, so that admitting a request takes no lock then.
    closed: AtomicU64,
    transitions: [AtomicU64; 3],
    watcher: Watcher,
}

/// Who is told of every change.
struct Watcher(Option<Box<dyn Fn(CircuitState) + Send + Sync>>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}

/// Whether requests pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CircuitState {
    /// All of them.
    Closed,
    /// A few, to see.
    HalfOpen,
    /// None.
    Open,
}

impl CircuitState {
    /// The states, from good to bad.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// The name in metrics and status pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

impl Circuit {
    /// A closed circuit.
    #[must_use]
    pub fn new(rules: Breaker) -> Self {
        let machine = Machine::new(rules.clone());
        Self {
            closed: AtomicU64::new(machine.epoch().into()),
            machine: Mutex::new(machine),
            rules,
            start: Instant::now(),
            transitions: [const { AtomicU64::new(0) }; 3],
            watcher: Watcher(None),
        }
    }

    /// Tells `watcher` of every change, in order. It must not ask the circuit.
    #[cfg(feature = "balance")]
    pub(crate) fn watched(
        mut self,
        watcher: impl Fn(CircuitState) + Send + Sync + 'static,
    ) -> Self {
        self.watcher = Watcher(Some(Box::new(watcher)));
        self
    }

    /// Whether requests pass now. An open circuit whose time is over says so until a request comes.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.lock().state()
    }

    /// How often it has entered `state`.
    #[must_use]
    pub fn transitions(&self, state: CircuitState) -> u64 {
        self.transitions[state as usize].load(Ordering::Relaxed)
    }

    /// How long a request would have to wait; `None` if it would be admitted now.
    #[cfg(feature = "balance")]
    pub(crate) fn wait(&self) -> Option<Duration> {
        if self.closed.load(Ordering::Acquire) != NOT_CLOSED {
            return None;
        }
        self.lock().wait(self.start.elapsed())
    }

    /// Admits one request, or says how long it would have to wait.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Permit, Duration> {
        let closed = self.closed.load(Ordering::Acquire);
        let ticket = match u32::try_from(closed) {
            Ok(epoch) => Ticket { epoch },
            Err(_) => self.change(|machine, now| machine.admit(now))?,
        };
        Ok(Permit {
            circuit: Arc::clone(self),
            ticket,
            settled: false,
            outcome: None,
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Machine, Duration) -> T) -> T {
        let now = self.start.elapsed();
        let mut machine = self.lock();
        let before = machine.epoch();
        let result = change(&mut machine, now);
        if machine.epoch() != before {
            let state = machine.state();
            let closed = match state {
                CircuitState::Closed => machine.epoch().into(),
                CircuitState::HalfOpen | CircuitState::Open => NOT_CLOSED,
            };
            self.closed.store(closed, Ordering::Release);
            self.transitions[state as usize].fetch_add(1, Ordering::Relaxed);
            if let Watcher(Some(watcher)) = &self.watcher {
                watcher(state);
            }
        }
        result
    }

    /// The machine is whole whenever the lock is free, so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was admitted. Dropped before it is settled, it was cancelled, which says nothing
/// about whoever was asked – unless it was cancelled because its time was over.
#[derive(Debug)]
#[must_use = "a permit that is dropped says that the request was cancelled"]
pub(crate) struct Permit {
    circuit: Arc<Circuit>,
    ticket: Ticket,
    settled: bool,
    outcome: Option<Outcome>,
}

impl Permit {
    /// Looks into `outcome`, when the request is cancelled, for the reason.
    pub(crate) fn with_outcome(mut self, outcome: Option<Outcome>) -> Self {
        self.outcome = outcome;
        self
    }

    /// Takes in the head of `response`. What is returned waits for the end of its body.
    pub(crate) fn settle<B>(self, response: &http::Response<B>) -> Option<Watch> {
        let verdict = self.circuit.rules.verdict(response);
        self.settle_as(verdict)
    }

    pub(crate) fn settle_as(mut self, verdict: Verdict) -> Option<Watch> {
        self.finish(verdict);
        (verdict == Verdict::Success).then_some(Watch { permit: self })
    }

    fn finish(&mut self, verdict: Verdict) {
        self.settled = true;
        let ticket = self.ticket;
        self.circuit
            .change(|machine, now| machine.settle(ticket, verdict, now));
    }

    /// Whether whoever cancelled the request wrote down that the upstream took too long. A timeout
    /// outside drops what is inside, as a client that leaves does, but says so first.
    fn timed_out(&self) -> bool {
        let mut timed_out = false;
        if let Some(outcome) = &self.outcome {
            outcome.update(|record| {
                let kind = record.error.as_ref().map(GatewayError::kind);
                timed_out = kind == Some(ErrorKind::UpstreamTimeout);
            });
        }
        timed_out
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let verdict = if self.timed_out() {
            rules::verdict_of(ErrorKind::UpstreamTimeout)
        } else {
            Verdict::Neutral
        };
        self.finish(verdict);
    }
}

/// Waits for the end of the body of a good answer.
///
/// The head alone closes a circuit, or a stream of an hour would keep it half open for one; what
/// breaks after the head still counts as a failure.
#[derive(Debug)]
pub(crate) struct Watch {
    permit: Permit,
}

impl Watch {
    /// The body is in memory, or there is none.
    pub(crate) fn complete(self) {
        self.on_end(End::Complete);
    }
}

impl Observe for Watch {
    fn on_end(self, end: End) {
        let Permit {
            circuit, ticket, ..
        } = &self.permit;
        circuit.change(|machine, now| match end {
            End::Failed => machine.broke(*ticket, now),
            _ => machine.completed(*ticket),
        });
    }
}

/// No epoch, which has 32 bits.
const NOT_CLOSED: u64 = u64::MAX;
