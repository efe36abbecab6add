use std::{sync::Arc, time::Duration};

use gateway_core::context::Tried;
use smallvec::SmallVec;

use super::{
    Blocked, EndpointState,
    alarm::Alarm,
    endpoint::Endpoint,
    group::{Ask, Group, Picker},
    priority::{self, Level, Verdict},
    sticky::Id,
};

/// The endpoints at one moment.
#[derive(Debug)]
pub(super) struct Set<S> {
    /// By priority, the first one first.
    groups: Box<[Group<S>]>,
    alarm: Arc<Alarm>,
    /// Some endpoint raises the alarm of another balancer, so that ours says nothing.
    deaf: bool,
    /// What cookies call the endpoints, in the order of [`Set::endpoints`]; empty without cookies.
    ids: Box<[Id]>,
}

/// What speaks against endpoints for one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past<'a> {
    /// Earlier attempts went there: only if there is no other.
    pub(super) tried: Option<&'a Tried>,
    /// This very attempt went there: never.
    pub(super) failed: Option<&'a EndpointState>,
}

impl Past<'_> {
    fn allows(&self, state: &EndpointState) -> bool {
        !self
            .failed
            .is_some_and(|failed| std::ptr::eq(failed, state))
    }

    fn is_new(&self, state: &EndpointState) -> bool {
        self.allows(state) && self.tried.is_none_or(|tried| !tried.contains(state.name()))
    }

    fn is_empty(&self) -> bool {
        self.failed.is_none() && self.tried.is_none_or(Tried::is_empty)
    }
}

impl<S> Set<S> {
    pub(super) fn new(
        mut endpoints: Vec<Endpoint<S>>,
        picker: &Picker,
        alarm: &Arc<Alarm>,
    ) -> Self {
        let attached = endpoints.iter().map(|one| one.state.attach(alarm));
        let deaf = attached.filter(|ours| !ours).count() > 0;
        if let Some(rules) = &picker.breaker {
            for endpoint in &endpoints {
                endpoint.state.attach_circuit(rules);
            }
        }
        endpoints.sort_by_key(|endpoint| endpoint.priority);
        let ids = picker.sticky.iter().flat_map(|sticky| {
            let names = endpoints.iter().map(|endpoint| endpoint.state.name());
            names.map(|name| sticky.id(name))
        });
        let ids = ids.collect();
        let mut groups = Vec::new();
        while let Some(first) = endpoints.first() {
            let priority = first.priority;
            let end = endpoints.partition_point(|endpoint| endpoint.priority == priority);
            let rest = endpoints.split_off(end);
            let group = std::mem::replace(&mut endpoints, rest);
            groups.push(Group::new(group, picker.policy));
        }
        Self {
            groups: groups.into(),
            alarm: Arc::clone(alarm),
            deaf,
            ids,
        }
    }

    /// All endpoints, by priority.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &Endpoint<S>> {
        self.groups.iter().flat_map(|group| &group.endpoints)
    }

    /// Lets endpoints that were in `old` keep what is known about them.
    pub(super) fn inherited(mut endpoints: Vec<Endpoint<S>>, old: &Self) -> Vec<Endpoint<S>> {
        for endpoint in &mut endpoints {
            let known = old
                .endpoints()
                .find(|known| known.state.name() == endpoint.state.name());
            if let Some(known) = known {
                endpoint.state = Arc::clone(&known.state);
            }
        }
        endpoints
    }

    /// An endpoint for a request; `now` is since the start of the balancer.
    ///
    /// The best there is: one that is well and was not tried, one that is well, one that may be well
    /// after all. In a panic, the first attempt goes to any; an attempt after that, which has reason
    /// to believe the bad news, does not.
    pub(super) fn choose(
        &self,
        picker: &Picker,
        ask: Ask,
        past: Past<'_>,
        now: Duration,
    ) -> Option<&Endpoint<S>> {
        let Verdict { level, panic } = self.judge(picker, now);
        if panic
            && past.is_empty()
            && let Some(found) = self.pick_from(level, picker, ask, |state| state.is_last_resort())
        {
            return Some(found);
        }
        let well = |state: &EndpointState| state.is_available_at(now);
        let by_level = |allow: &dyn Fn(&EndpointState) -> bool| {
            let others = (0..self.groups.len()).filter(|index| *index != level);
            std::iter::once(level)
                .chain(others)
                .find_map(|level| self.pick_from(level, picker, ask, allow))
        };
        self.pick_from(level, picker, ask, |state| {
            past.is_new(state) && well(state)
        })
        .or_else(|| by_level(&|state| past.is_new(state) && well(state)))
        .or_else(|| {
            // Only where something was tried is this another question.
            past.tried?;
            by_level(&|state| past.allows(state) && well(state))
        })
        .or_else(|| by_level(&|state| past.is_new(state) && state.is_last_resort()))
        .or_else(|| by_level(&|state| past.allows(state) && state.is_last_resort()))
    }

    /// The endpoint that a cookie names, if it may be used.
    pub(super) fn stick(&self, id: Id, past: Past<'_>, now: Duration) -> Option<&Endpoint<S>> {
        let index = self.ids.iter().position(|known| *known == id)?;
        let endpoint = self.endpoints().nth(index)?;
        let state = &endpoint.state;
        let usable = endpoint.weight > 0 && past.is_new(state) && state.is_available_at(now);
        usable.then_some(endpoint)
    }

    fn pick_from(
        &self,
        level: usize,
        picker: &Picker,
        ask: Ask,
        allow: impl Fn(&EndpointState) -> bool,
    ) -> Option<&Endpoint<S>> {
        let group = self.groups.get(level)?;
        let index = group.pick(picker, ask, allow)?;
        Some(&group.endpoints[index])
    }

    /// The priority to use. Nearly always nothing is wrong, and it is the first.
    fn judge(&self, picker: &Picker, now: Duration) -> Verdict {
        let alarm = self.alarm.level();
        if alarm.is_none() && !self.deaf {
            return Verdict {
                level: 0,
                panic: false,
            };
        }
        let levels: SmallVec<[Level; 4]> =
            self.groups.iter().map(|group| level(group, now)).collect();
        if let Some(alarm) = alarm
            && self
                .endpoints()
                .all(|endpoint| endpoint.state.is_available())
        {
            self.alarm.clear(alarm);
        }
        priority::choose(&levels, picker.panic, picker.rng.unit())
    }

    /// How many endpoints are ejected, and how many there are.
    pub(super) fn ejected(&self) -> (usize, usize) {
        let states = self.endpoints().map(Endpoint::state);
        let ejected = states.filter(|state| state.is_blocked_by(Blocked::Ejected));
        (ejected.count(), self.endpoints().count())
    }
}

/// What is drained is neither well nor ill: it is not there.
fn level<S>(group: &Group<S>, now: Duration) -> Level {
    let mut level = Level { well: 0, all: 0 };
    for endpoint in &group.endpoints {
        let weight = u64::from(endpoint.weight);
        if endpoint.state.is_available_at(now) {
            level.well += weight;
            level.all += weight;
        } else if !endpoint.state.is_blocked_by(Blocked::Draining) {
            level.all += weight;
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::balance::{Policy, ewma::Millis, rng::Rng};

    fn set(priorities: &[u32]) -> (Set<()>, Picker) {
        let endpoints = priorities
            .iter()
            .enumerate()
            .map(|(index, priority)| Endpoint::new(index.to_string(), ()).priority(*priority))
            .collect();
        let mut picker = Picker::new(Rng::seeded(5));
        picker.policy = Policy::Random;
        (Set::new(endpoints, &picker, &Arc::default()), picker)
    }

    const NOTHING: Past<'_> = Past {
        tried: None,
        failed: None,
    };

    /// How many of 1000 requests each endpoint gets, by name.
    fn shares<const N: usize>(set: &Set<()>, picker: &Picker, past: Past<'_>) -> [usize; N] {
        let mut shares = [0; N];
        for _ in 0..1000 {
            let ask = Ask {
                now: Millis::since_start(Duration::ZERO),
                at: Instant::now(),
                again: false,
                key: None,
            };
            let found = set.choose(picker, ask, past, Duration::ZERO);
            let name = found.expect("someone is there").state.name();
            shares[name.parse::<usize>().expect("names are numbers")] += 1;
        }
        shares
    }

    fn block(set: &Set<()>, name: &str, reason: Blocked) {
        let mut endpoints = set.endpoints();
        let found = endpoints.find(|endpoint| endpoint.state.name() == name);
        found.expect("it is there").state.set_blocked(reason, true);
    }

    #[test]
    fn what_is_known_follows_the_name() {
        let (old, _) = set(&[0, 0]);
        let known = old.endpoints().nth(1).map(|one| one.state.open());
        let endpoints = vec![Endpoint::new("1", ()), Endpoint::new("new", ())];
        let new = Set::inherited(endpoints, &old);
        assert_eq!(new[0].state.active(), 1);
        assert_eq!(new[1].state.active(), 0);
        drop(known);
    }

    #[test]
    fn a_lower_level_gets_what_the_first_cannot_take() {
        let (set, picker) = set(&[1, 0, 0, 0, 0]);
        assert_eq!(shares::<5>(&set, &picker, NOTHING)[0], 0);
        block(&set, "1", Blocked::Unhealthy);
        assert_eq!(
            shares::<5>(&set, &picker, NOTHING)[0],
            0,
            "three of four can"
        );
        block(&set, "2", Blocked::Ejected);
        let [other, ..] = shares::<5>(&set, &picker, NOTHING);
        assert!(other.abs_diff(300) < 50, "{other}");
        block(&set, "3", Blocked::Unhealthy);
        block(&set, "4", Blocked::Unhealthy);
        assert_eq!(shares(&set, &picker, NOTHING), [1000, 0, 0, 0, 0]);
    }

    #[test]
    fn in_a_panic_the_first_attempt_goes_anywhere_and_the_next_where_it_is_well() {
        let (set, mut picker) = set(&[0, 0, 0]);
        block(&set, "0", Blocked::Ejected);
        let [ejected, ..] = shares::<3>(&set, &picker, NOTHING);
        assert_eq!(ejected, 0, "two of three are enough");
        block(&set, "1", Blocked::Unhealthy);
        let all = shares::<3>(&set, &picker, NOTHING);
        assert!(all.iter().all(|share| share.abs_diff(333) < 60), "{all:?}");
        let tried = Tried::new();
        tried.add("1".into());
        let again = Past {
            tried: Some(&tried),
            failed: None,
        };
        assert_eq!(shares(&set, &picker, again), [0, 0, 1000]);
        picker.panic = 0.0;
        assert_eq!(shares(&set, &picker, NOTHING), [0, 0, 1000]);
        block(&set, "2", Blocked::Unhealthy);
        let all = shares::<3>(&set, &picker, NOTHING);
        assert!(all.iter().all(|share| share.abs_diff(333) < 60), "{all:?}");
    }

    #[test]
    fn the_alarm_ends_with_what_raised_it() {
        let (set, picker) = set(&[0, 0]);
        block(&set, "0", Blocked::Unhealthy);
        assert!(set.alarm.level().is_some());
        shares::<2>(&set, &picker, NOTHING);
        assert!(set.alarm.level().is_some());
        let first = set.endpoints().next().expect("there are two");
        first.state.set_blocked(Blocked::Unhealthy, false);
        shares::<2>(&set, &picker, NOTHING);
        assert!(set.alarm.level().is_none());
    }

    #[test]
    fn an_endpoint_of_two_balancers_is_seen_by_both() {
        let endpoint = Endpoint::new("0", ());
        let two = || vec![endpoint.clone(), Endpoint::new("1", ())];
        let picker = Picker::new(Rng::seeded(1));
        let _first = Set::new(two(), &picker, &Arc::default());
        let second = Set::new(two(), &picker, &Arc::default());
        endpoint.state.set_blocked(Blocked::Draining, true);
        assert_eq!(shares(&second, &picker, NOTHING), [0, 1000]);
    }
}
