use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    alarm::Alarm,
    ewma::{Millis, PeakEwma},
    outlier::Record,
    slow_start,
    status::{Blocked, Fault},
};
use crate::circuit_breaker::{Breaker, Circuit, CircuitState, Permit};

/// What is known about an endpoint, shared by everyone who finds something out.
///
/// It outlives the set it is in: an endpoint that is still there after a change keeps its load, its
/// latency and its reasons.
#[derive(Debug)]
pub struct EndpointState {
    name: Arc<str>,
    address: OnceLock<Box<str>>,
    active: AtomicUsize,
    latency: PeakEwma,
    blocked: AtomicU8,
    fault: AtomicU8,
    record: Record,
    born: Instant,
    /// Milliseconds from `born` to the last change of `blocked`.
    changed: AtomicU64,
    alarm: OnceLock<Arc<Alarm>>,
    circuit: OnceLock<Arc<Circuit>>,
}

impl EndpointState {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            address: OnceLock::new(),
            active: AtomicUsize::new(0),
            latency: PeakEwma::default(),
            blocked: AtomicU8::new(0),
            fault: AtomicU8::new(0),
            record: Record::default(),
            born: Instant::now(),
            changed: AtomicU64::new(0),
            alarm: OnceLock::new(),
            circuit: OnceLock::new(),
        }
    }

    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Where it listens, `host:port`, if that is known.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.get().map(AsRef::as_ref)
    }

    pub(super) fn set_address(&self, address: Box<str>) {
        // The first one counts, and a second one is of no consequence.
        _ = self.address.set(address);
    }

    /// Requests under way, streamed answers included.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Sets or clears one reason to send nothing here.
    pub fn set_blocked(&self, reason: Blocked, blocked: bool) {
        let before = if blocked {
            self.blocked.fetch_or(reason.bit(), Ordering::AcqRel)
        } else {
            self.blocked.fetch_and(!reason.bit(), Ordering::AcqRel)
        };
        if (before & reason.bit() != 0) == blocked {
            return;
        }
        let now = millis(self.born.elapsed());
        self.changed.store(now, Ordering::Relaxed);
        if !blocked && before == reason.bit() {
            // What it did before it went says nothing of what came back, and a penalty beside the
            // latencies of those that stayed would keep it without requests for minutes.
            self.latency.forget();
        }
        if let Some(alarm) = self.alarm.get()
            && blocked
        {
            alarm.raise();
        }
    }

    /// Says what the last health check found wrong, or nothing.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let code = fault.map_or(0, Fault::code);
        self.fault.store(code, Ordering::Relaxed);
    }

    /// What the last health check found wrong.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        Fault::of(self.fault.load(Ordering::Relaxed))
    }

    /// Whether this reason is set.
    #[must_use]
    pub fn is_blocked_by(&self, reason: Blocked) -> bool {
        self.blocked.load(Ordering::Acquire) & reason.bit() != 0
    }

    /// Whether no reason is set.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.blocked.load(Ordering::Acquire) == 0
    }

    /// Whether no reason is set at `now`; an ejection whose time is over ends here.
    pub(super) fn is_available_at(&self, now: Duration) -> bool {
        let mut blocked = self.blocked.load(Ordering::Acquire);
        if blocked == 0 {
            return true;
        }
        let circuit = Blocked::CircuitOpen.bit();
        if blocked & circuit != 0 && self.circuit().is_none_or(|it| it.wait().is_none()) {
            // Not closed, but it would let a request through to see.
            blocked &= !circuit;
        }
        if blocked != Blocked::Ejected.bit() {
            return blocked == 0;
        }
        let over = self.record.is_over(now);
        if over {
            self.set_blocked(Blocked::Ejected, false);
        }
        over
    }

    /// Its circuit, if its balancer has a [`Breaker`].
    #[must_use]
    pub fn circuit(&self) -> Option<&Arc<Circuit>> {
        self.circuit.get()
    }

    /// Gives it a circuit, which says when it is open. The first one given counts.
    pub(super) fn attach_circuit(self: &Arc<Self>, rules: &Breaker) {
        let state = Arc::downgrade(self);
        self.circuit.get_or_init(|| {
            let circuit = Circuit::new(rules.clone()).watched(move |now| {
                if let Some(state) = state.upgrade() {
                    state.set_blocked(Blocked::CircuitOpen, now != CircuitState::Closed);
                }
            });
            Arc::new(circuit)
        });
    }

    /// Asks its circuit, if it has one. `Err` if somebody else was let through to see.
    pub(super) fn admit(&self) -> Result<Option<Permit>, Duration> {
        self.circuit().map(Circuit::admit).transpose()
    }

    /// Whether everything that speaks against the endpoint is an observation, which may be wrong,
    /// and not a decision.
    pub(super) fn is_last_resort(&self) -> bool {
        let decided = Blocked::Draining.bit() | Blocked::CircuitOpen.bit();
        self.blocked.load(Ordering::Acquire) & decided == 0
    }

    /// Which share of its weight it gets when `window` is how long it takes to warm up.
    pub(super) fn warmth(&self, now: Instant, window: Duration) -> f64 {
        slow_start::factor(self.unchanged(now), window)
    }

    /// For how long nothing has changed about whether requests are sent here.
    pub(super) fn unchanged(&self, now: Instant) -> Duration {
        let changed = Duration::from_millis(self.changed.load(Ordering::Relaxed));
        now.saturating_duration_since(self.born)
            .saturating_sub(changed)
    }

    /// Makes it as old as if it had been there for `window`.
    #[cfg(test)]
    pub(super) fn warm_up(&mut self, window: Duration) {
        self.born = self.born.checked_sub(window).expect("the clock is older");
    }

    /// Raises `alarm` from now on whenever a reason is set. `false` if it raises another's.
    pub(super) fn attach(&self, alarm: &Arc<Alarm>) -> bool {
        let attached = self.alarm.get_or_init(|| Arc::clone(alarm));
        if !self.is_available() {
            attached.raise();
        }
        Arc::ptr_eq(attached, alarm)
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
    pub(crate) fn open(self: &Arc<Self>) -> LoadGuard {
        self.active.fetch_add(1, Ordering::Relaxed);
        LoadGuard(Arc::clone(self))
    }
}

/// One request under way at an endpoint.
#[derive(Debug)]
#[must_use = "the request is counted until the guard is dropped"]
pub(crate) struct LoadGuard(Arc<EndpointState>);

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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Microseconds: dearer than any endpoint that is known to work.
const UNKNOWN: f32 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Endpoint;

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

    #[test]
    fn one_that_is_back_is_as_one_that_is_new() {
        let state = Endpoint::new("a", ()).state;
        state.set_blocked(Blocked::Unhealthy, true);
        state.set_blocked(Blocked::Ejected, true);
        let at = |millis| Millis::since_start(Duration::from_millis(millis));
        for tick in 1..=5 {
            state.latency.failed(Duration::ZERO, at(tick), DECAY);
        }
        let now = at(5);
        let penalty = state.cost(now, DECAY);
        state.set_blocked(Blocked::Unhealthy, false);
        assert!((state.cost(now, DECAY) - penalty).abs() < f32::EPSILON && penalty > 1e6);
        state.set_blocked(Blocked::Ejected, false);
        assert!(state.cost(now, DECAY) < 1.0);
    }

    #[test]
    fn warmth_begins_anew_with_each_return() {
        let state = Endpoint::new("a", ()).state;
        let window = Duration::from_secs(10);
        let at = |secs| state.born + Duration::from_secs(secs);
        assert!((state.warmth(at(5), window) - 0.5).abs() < 1e-9);
        assert!((state.warmth(at(30), window) - 1.0).abs() < 1e-9);
        state.set_blocked(Blocked::Unhealthy, true);
        state.set_blocked(Blocked::Unhealthy, false);
        state.changed.store(20_000, Ordering::Relaxed);
        assert!((state.warmth(at(25), window) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_alarm_is_raised_by_what_is_blocked_and_by_nothing_else() {
        let (alarm, other) = (Arc::new(Alarm::default()), Arc::new(Alarm::default()));
        let state = Endpoint::new("a", ()).state;
        assert!(state.attach(&alarm));
        assert!(!state.attach(&other), "it has one already");
        assert!(alarm.level().is_none());
        state.set_blocked(Blocked::Ejected, true);
        let first = alarm.level();
        assert!(first.is_some());
        state.set_blocked(Blocked::Ejected, true);
        assert_eq!(alarm.level(), first, "nothing has changed");
    }
}
