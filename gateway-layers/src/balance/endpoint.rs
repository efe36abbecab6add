use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    ewma::{Millis, PeakEwma},
    outlier::Record,
};

/// One place to send requests to: a name, a service, a weight.
#[derive(Clone, Debug)]
pub struct Endpoint<S> {
    pub(super) service: S,
    pub(super) weight: u32,
    pub(super) state: Arc<EndpointState>,
}

impl<S> Endpoint<S> {
    /// The endpoint called `name`. Names are unique in a set: what is known about an endpoint
    /// follows its name when the set is replaced.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, service: S) -> Self {
        Self {
            service,
            weight: 1,
            state: Arc::new(EndpointState {
                name: name.into(),
                active: AtomicUsize::new(0),
                latency: PeakEwma::default(),
                blocked: AtomicU8::new(0),
                record: Record::default(),
            }),
        }
    }

    /// How much it can take, relative to the others. Weight 0 gets no requests. Defaults to 1.
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// What is known about the endpoint.
    #[must_use]
    pub const fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }
}

/// What is known about an endpoint, shared by everyone who finds something out.
///
/// It outlives the set it is in: an endpoint that is still there after a change keeps its load, its
/// latency and its reasons.
#[derive(Debug)]
pub struct EndpointState {
    name: Arc<str>,
    active: AtomicUsize,
    latency: PeakEwma,
    blocked: AtomicU8,
    record: Record,
}

/// Why an endpoint gets no requests. The reasons are independent: each is set and cleared by whoever
/// watches for it, and an endpoint is used while none is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocked {
    /// An active health check fails.
    Unhealthy,
    /// It was ejected for the failures that requests met.
    Ejected,
    /// Its circuit breaker is open.
    CircuitOpen,
    /// Its operator wants it empty.
    Draining,
}

impl Blocked {
    const fn bit(self) -> u8 {
        match self {
            Self::Unhealthy => 1,
            Self::Ejected => 2,
            Self::CircuitOpen => 4,
            Self::Draining => 8,
        }
    }
}

impl EndpointState {
    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Requests under way, streamed answers included.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Sets or clears one reason to send nothing here.
    pub fn set_blocked(&self, reason: Blocked, blocked: bool) {
        if blocked {
            self.blocked.fetch_or(reason.bit(), Ordering::Relaxed);
        } else {
            self.blocked.fetch_and(!reason.bit(), Ordering::Relaxed);
        }
    }

    /// Whether this reason is set.
    #[must_use]
    pub fn is_blocked_by(&self, reason: Blocked) -> bool {
        self.blocked.load(Ordering::Relaxed) & reason.bit() != 0
    }

    /// Whether no reason is set.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.blocked.load(Ordering::Relaxed) == 0
    }

    /// Whether no reason is set at `now`; an ejection whose time is over ends here.
    pub(super) fn is_available_at(&self, now: Duration) -> bool {
        let blocked = self.blocked.load(Ordering::Relaxed);
        if blocked != Blocked::Ejected.bit() {
            return blocked == 0;
        }
        let over = self.record.is_over(now);
        if over {
            self.set_blocked(Blocked::Ejected, false);
        }
        over
    }

    /// Whether everything that speaks against the endpoint is an observation, which may be wrong,
    /// and not a decision.
    pub(super) fn is_last_resort(&self) -> bool {
        let decided = Blocked::Draining.bit() | Blocked::CircuitOpen.bit();
        self.blocked.load(Ordering::Relaxed) & decided == 0
    }

    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// Latency times requests under way: what one more request would have to wait, roughly.
    ///
    /// An endpoint nothing is known about is tried, but by one request and not by all of them.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn cost(&self, now: Millis, decay: Duration) -> f32 {
        let active = self.active() as f32;
        match self.latency.get(now, decay) {
            Some(micros) => micros.max(1.0) * (active + 1.0),
            None if active == 0.0 => 0.0,
            None => UNKNOWN * (active + 1.0),
        }
    }

    pub(super) const fn latency(&self) -> &PeakEwma {
        &self.latency
    }

    /// Counts one request until the guard is dropped.
    pub(super) fn open(self: &Arc<Self>) -> LoadGuard {
        self.active.fetch_add(1, Ordering::Relaxed);
        LoadGuard(Arc::clone(self))
    }
}

/// One request under way at an endpoint.
#[derive(Debug)]
#[must_use = "the request is counted until the guard is dropped"]
pub(super) struct LoadGuard(Arc<EndpointState>);

impl LoadGuard {
    pub(super) const fn state(&self) -> &Arc<EndpointState> {
        &self.0
    }
}

impl Drop for LoadGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Microseconds: dearer than any endpoint that is known to work.
const UNKNOWN: f32 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;

    const DECAY: Duration = Duration::from_secs(10);

    #[test]
    fn reasons_are_independent() {
        let state = Endpoint::new("a", ()).state;
        state.set_blocked(Blocked::Unhealthy, true);
        state.set_blocked(Blocked::Ejected, true);
        state.set_blocked(Blocked::Unhealthy, false);
        assert!(!state.is_available());
        assert!(state.is_blocked_by(Blocked::Ejected));
        state.set_blocked(Blocked::Ejected, false);
        assert!(state.is_available());
    }

    #[test]
    fn an_unknown_endpoint_is_tried_by_one_request() {
        let now = Millis::since_start(Duration::ZERO);
        let (known, unknown) = (Endpoint::new("a", ()).state, Endpoint::new("b", ()).state);
        known.latency.record(Duration::from_millis(50), now, DECAY);
        assert!(unknown.cost(now, DECAY) < known.cost(now, DECAY));
        let guard = unknown.open();
        assert!(unknown.cost(now, DECAY) > known.cost(now, DECAY));
        drop(guard);
        assert_eq!(unknown.active(), 0);
    }
}
