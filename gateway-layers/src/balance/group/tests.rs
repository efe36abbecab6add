use std::sync::Arc;

use super::*;
use crate::balance::Blocked;

fn group(policy: Policy, weights: &[u32]) -> (Group<()>, Picker) {
    let endpoints = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| Endpoint::new(index.to_string(), ()).weight(*weight))
        .collect();
    let mut picker = Picker::new(Rng::seeded(3));
    picker.policy = policy;
    (Group::new(endpoints, policy), picker)
}

fn ask() -> Ask {
    Ask {
        now: Millis::since_start(Duration::ZERO),
        at: Instant::now(),
        again: false,
        key: Some(1),
    }
}

fn picks(group: &Group<()>, picker: &Picker, count: usize) -> Vec<usize> {
    (0..count)
        .map(|_| {
            group
                .pick(picker, ask(), EndpointState::is_available)
                .unwrap()
        })
        .collect()
}

#[test]
fn turns_are_taken() {
    let (even, picker) = group(Policy::RoundRobin, &[9, 0, 1]);
    assert_eq!(picks(&even, &picker, 4), [0, 2, 0, 2]);
    let (uneven, picker) = group(Policy::Weighted, &[3, 0, 1]);
    assert_eq!(picks(&uneven, &picker, 4), [0, 0, 2, 0]);
}

#[test]
fn the_least_loaded_per_weight_is_chosen() {
    let (group, picker) = group(Policy::LeastRequest, &[1, 4]);
    let mut guards = Vec::new();
    for _ in 0..10 {
        let index = group
            .pick(&picker, ask(), EndpointState::is_available)
            .unwrap();
        guards.push(group.endpoints[index].state.open());
    }
    assert_eq!(group.endpoints[0].state.active(), 2);
    assert_eq!(group.endpoints[1].state.active(), 8);
}

#[test]
fn no_policy_picks_what_is_blocked_tried_or_weightless() {
    for policy in [
        Policy::P2cEwma,
        Policy::RoundRobin,
        Policy::Weighted,
        Policy::LeastRequest,
        Policy::Random,
        Policy::Hash,
    ] {
        let (group, picker) = group(policy, &[1, 1, 1, 0]);
        let state = &group.endpoints[0].state;
        state.set_blocked(Blocked::Ejected, true);
        let tried = |state: &EndpointState| state.is_available() && state.name() != "1";
        for _ in 0..100 {
            assert_eq!(group.pick(&picker, ask(), tried), Some(2), "{policy:?}");
        }
        group.endpoints[2]
            .state
            .set_blocked(Blocked::Draining, true);
        assert_eq!(group.pick(&picker, ask(), tried), None, "{policy:?}");
        let (empty, picker) = self::group(policy, &[]);
        assert_eq!(
            empty.pick(&picker, ask(), EndpointState::is_available),
            None,
            "{policy:?}"
        );
    }
}

#[test]
fn a_key_stays_until_its_endpoint_is_out_or_full() {
    let (group, picker) = group(Policy::Hash, &[1, 1, 1, 1]);
    let pick = |key: u64| {
        let key = Some(hash::hash(&key.to_string()));
        group
            .pick(&picker, Ask { key, ..ask() }, EndpointState::is_available)
            .unwrap()
    };
    let home = pick(7);
    assert!((0..10).all(|_| pick(7) == home));
    // A quiet endpoint has room, whatever its share.
    let open = || group.endpoints[home].state.open();
    let quiet: Vec<_> = (1..hash::QUIET).map(|_| open()).collect();
    assert_eq!(pick(7), home);
    let guard = open();
    let next = pick(7);
    assert_ne!(next, home);
    drop((guard, quiet));
    assert_eq!(pick(7), home);
    let state = &group.endpoints[home].state;
    state.set_blocked(Blocked::Ejected, true);
    assert_eq!(pick(7), next);
    state.set_blocked(Blocked::Ejected, false);
    let homes: std::collections::HashSet<_> = (0..100).map(pick).collect();
    assert_eq!(homes.len(), 4);
}

#[test]
fn random_picks_follow_the_weights() {
    let (group, picker) = group(Policy::Random, &[1, 3]);
    let picked = picks(&group, &picker, 10_000);
    let first = picked.iter().filter(|index| **index == 0).count();
    // 130 is three standard deviations.
    assert!(first.abs_diff(2_500) < 150, "{first}");
}

/// Under every policy the share of an endpoint that is half warm is about half of its own.
#[test]
fn a_cold_endpoint_gets_a_part_of_its_share() {
    let window = Duration::from_secs(10);
    for policy in [
        Policy::P2cEwma,
        Policy::RoundRobin,
        Policy::Weighted,
        Policy::LeastRequest,
        Policy::Random,
        Policy::Hash,
    ] {
        let (mut group, mut picker) = group(policy, &[1, 1, 1, 1]);
        for warm in &mut group.endpoints[1..] {
            let state = Arc::get_mut(&mut warm.state).expect("nobody shares it yet");
            state.warm_up(window);
        }
        picker.slow_start = Some(window);
        let first = |secs: f64| {
            let picks = (0..4_000).filter(|key| {
                let ask = Ask {
                    at: Instant::now() + Duration::from_secs_f64(secs),
                    key: Some(hash::hash(&key.to_string())),
                    ..ask()
                };
                group.pick(&picker, ask, EndpointState::is_available) == Some(0)
            });
            picks.count()
        };
        let (cold, half, warm) = (first(0.0), first(5.0), first(10.0));
        assert!(cold < 200 && cold > 0, "{policy:?}: {cold} of 100");
        assert!(half.abs_diff(500) < 120, "{policy:?}: {half} of 500");
        assert!(warm.abs_diff(1_000) < 120, "{policy:?}: {warm} of 1000");
    }
}

/// A closed loop: 24 clients on three endpoints, one of which is ten times as slow. Its share
/// must stay far under that of the others.
#[test]
fn a_slow_endpoint_gets_less_than_half_of_a_fast_ones_share() {
    let (group, picker) = group(Policy::P2cEwma, &[1, 1, 1]);
    let latency = [5_u64, 5, 50];
    let mut served = [0_u32; 3];
    // (time it ends, endpoint, guard)
    let mut under_way: Vec<(u64, usize, _)> = Vec::new();
    for time in 0..20_000_u64 {
        let at = Millis::since_start(Duration::from_millis(time));
        under_way.retain(|(end, index, _)| {
            let over = *end <= time;
            if over {
                served[*index] += 1;
                let took = Duration::from_millis(latency[*index]);
                group.endpoints[*index]
                    .state
                    .latency()
                    .record(took, at, picker.decay);
            }
            !over
        });
        while under_way.len() < 24 {
            let index = group
                .pick(
                    &picker,
                    Ask { now: at, ..ask() },
                    EndpointState::is_available,
                )
                .unwrap();
            let guard = group.endpoints[index].state.open();
            under_way.push((time + latency[index], index, guard));
        }
    }
    assert!(served[2] * 2 < served[0].min(served[1]), "{served:?}");
    assert!(served[2] > 0);
}
