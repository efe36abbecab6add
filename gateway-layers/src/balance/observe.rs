//! What the answers of an endpoint lead to, and how it is.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Blocked, Ejection, Endpoint, EndpointState, EndpointStatus, Health, Outliers, SuccessRate,
    ewma::Millis,
    outlier::{self, Ending},
    shared::Shared,
    success_rate,
};

impl<S> Shared<S> {
    /// Takes in how an attempt at `state` ended.
    pub(super) fn observe(&self, state: &EndpointState, ending: Ending) {
        let Some(outliers) = &self.picker.outliers else {
            return;
        };
        let reason = state.record().ended(outliers, ending);
        if let Some(reason) = reason {
            self.eject(outliers, state, reason);
        }
        if let Some(rule) = &outliers.success_rate
            && self.interval_is_over(rule)
        {
            self.compare(outliers, rule);
        }
    }

    fn eject(&self, outliers: &Outliers, state: &EndpointState, reason: Ejection) {
        if state.is_blocked_by(Blocked::Ejected) {
            return;
        }
        let (ejected, count) = self.set.load().ejected();
        // Two that cross the line at once may both be ejected; the share is not exact to one.
        if outlier::may_eject(outliers, count, ejected) {
            let elapsed = self.start.elapsed();
            state.record().eject(outliers, reason, elapsed);
            state.set_blocked(Blocked::Ejected, true);
        }
    }

    /// `true` for the one who is to compare.
    fn interval_is_over(&self, rule: &SuccessRate) -> bool {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = millis(self.start.elapsed());
        let ends = self.interval_ends.load(Ordering::Relaxed);
        if now < ends {
            return false;
        }
        let next = now.saturating_add(millis(rule.interval));
        let exchange =
            self.interval_ends
                .compare_exchange(ends, next, Ordering::Relaxed, Ordering::Relaxed);
        // The first interval begins with the first answer, and has nothing to compare.
        exchange.is_ok() && ends != 0
    }

    fn compare(&self, outliers: &Outliers, rule: &SuccessRate) {
        let set = self.set.load();
        let states: Vec<_> = set.endpoints().map(Endpoint::state).collect();
        let windows: Vec<_> = states
            .iter()
            .map(|state| state.record().take_window())
            .collect();
        let Some(least) = success_rate::least(rule, &windows) else {
            return;
        };
        for (state, window) in states.into_iter().zip(windows) {
            if success_rate::is_below(rule, window, least) {
                self.eject(outliers, state, Ejection::SuccessRate);
            }
        }
    }

    pub(super) fn status(&self, endpoint: &Endpoint<S>) -> EndpointStatus {
        let (state, now) = (&endpoint.state, Instant::now());
        let elapsed = now.saturating_duration_since(self.start);
        let available = state.is_available_at(elapsed);
        let is = |reason| state.is_blocked_by(reason);
        let is_warm = |window| state.warmth(now, window) >= 1.0;
        let health = match () {
            () if is(Blocked::Draining) => Health::Draining,
            () if is(Blocked::Unhealthy) => Health::Unhealthy,
            () if is(Blocked::Ejected) => Health::Ejected,
            () if !available => Health::CircuitOpen,
            () if self.picker.slow_start.is_none_or(is_warm) => Health::Healthy,
            () => Health::Warming,
        };
        let millis = Millis::since_start(elapsed);
        let latency = state.latency().get(millis, self.picker.decay);
        EndpointStatus {
            name: state.shared_name(),
            weight: endpoint.weight,
            priority: endpoint.priority,
            health,
            fault: state.fault(),
            ejection: state.record().reason(),
            unchanged: state.unchanged(now),
            active: state.active(),
            latency: latency.map(|micros| Duration::from_secs_f32(micros / 1e6)),
            ejections: state.record().ejections(),
            circuit: state.circuit().map(Arc::clone),
        }
    }
}
