use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::rate_limit::{Policy, Quota, per_day, per_second};

const SECOND: u64 = 1_000_000_000;

fn policy(name: &str, quota: Quota) -> Policy {
    Policy::new(name, quota).unwrap()
}

fn allowed(verdict: &Verdict) -> bool {
    verdict.iter().all(|decision| decision.allowed)
}

#[test]
fn all_buckets_or_none() {
    let store = MemoryStore::new();
    let (wide, narrow) = (policy("wide", per_day(10)), policy("narrow", per_day(2)));
    let takes = [Take::new(&wide, "k", 1), Take::new(&narrow, "k", 1)];
    assert!(allowed(&store.take_at(&takes, 0, SECOND)));
    assert!(allowed(&store.take_at(&takes, 0, SECOND)));
    for _ in 0..5 {
        let verdict = store.take_at(&takes, 0, SECOND);
        assert!(!allowed(&verdict));
        assert_eq!((verdict[0].remaining, verdict[1].remaining), (7, 0));
    }
    let alone = store.take_at(&takes[..1], 0, SECOND);
    assert_eq!(alone[0].remaining, 7, "the refused requests took nothing");
}

#[test]
fn keys_and_policies_have_buckets_of_their_own() {
    let store = MemoryStore::new();
    let (one, two) = (policy("one", per_day(1)), policy("two", per_day(1)));
    for take in [
        Take::new(&one, "a", 1),
        Take::new(&one, "b", 1),
        Take::new(&two, "a", 1),
    ] {
        assert!(allowed(&store.take_at(&[take], 0, SECOND)));
        assert!(!allowed(&store.take_at(&[take], 0, SECOND)));
    }
}

#[test]
fn a_refund_is_exact() {
    let store = MemoryStore::new();
    let policy = policy("p", per_second(1));
    let take = [Take::new(&policy, "k", 1)];
    let patience = 10 * SECOND;
    let first = store.take_at(&take, patience, SECOND);
    let second = store.take_at(&take, patience, SECOND);
    assert_eq!(first[0].wait, Duration::ZERO);
    assert_eq!(second[0].wait, Duration::from_secs(1));
    store.refund_at(&take, SECOND);
    let third = store.take_at(&take, patience, SECOND);
    assert_eq!(third[0].wait, Duration::from_secs(1));
}

#[test]
fn threads_share_one_bucket_to_the_token() {
    let store = Arc::new(MemoryStore::new());
    let passed = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (store, passed) = (Arc::clone(&store), Arc::clone(&passed));
            std::thread::spawn(move || {
                let (a, b) = (policy("a", per_day(777)), policy("b", per_day(1_000)));
                for _ in 0..500 {
                    // Opposite orders: a deadlock would hang here.
                    let takes = [Take::new(&a, "k", 1), Take::new(&b, "k", 1)];
                    let turned = [takes[1], takes[0]];
                    let verdict = store.take_at(&takes, 0, SECOND);
                    passed.fetch_add(usize::from(allowed(&verdict)), Ordering::Relaxed);
                    let verdict = store.take_at(&turned, 0, SECOND);
                    passed.fetch_add(usize::from(allowed(&verdict)), Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(passed.load(Ordering::Relaxed), 777);
}

#[test]
fn a_million_keys_stay_within_the_bound() {
    const CAPACITY: usize = 100_000;
    let store = MemoryStore::with_capacity(CAPACITY);
    let policy = policy("p", per_day(10));
    let heavy = [Take::new(&policy, "heavy", 10)];
    assert!(allowed(&store.take_at(&heavy, 0, SECOND)));
    for n in 0..1_000_000_u32 {
        let key = n.to_string();
        let take = [Take::new(&policy, &key, 1)];
        assert!(allowed(&store.take_at(&take, 0, SECOND)));
    }
    assert!(store.len() <= CAPACITY + SHARDS);
    assert!(
        !allowed(&store.take_at(&heavy, 0, SECOND)),
        "a debtor is not forgiven"
    );
    let bytes: usize = (0..SHARDS).map(|at| store.lock(at).bytes()).sum();
    assert!(bytes <= CAPACITY * 33, "{bytes} bytes for {CAPACITY} keys");
}

#[test]
fn idle_callers_cost_nothing() {
    let store = MemoryStore::new();
    let policy = policy("p", per_second(10));
    for n in 0..200_000_u32 {
        let key = n.to_string();
        let take = [Take::new(&policy, &key, 1)];
        let now = SECOND + u64::from(n) * 1_000_000;
        assert!(allowed(&store.take_at(&take, 0, now)));
    }
    // 1,000 keys a second, each idle after a tenth: a sweep a second keeps a few thousand.
    assert!(store.len() < 64 * 1_024, "{}", store.len());
}
