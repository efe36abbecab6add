use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use gateway_core::CacheOutcome;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use tower_layer::Layer as _;

use super::{Origin, fetch, get, layer, minute, response, status, with};

fn slow(headers: &'static [(&'static str, &'static str)]) -> Origin {
    Origin::new(move |_, _| async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        response(headers, "x")
    })
}

#[tokio::test(start_paused = true)]
async fn two_hundred_misses_are_one_request_to_the_origin() {
    let origin = slow(&[("cache-control", "max-age=60")]);
    let layer = layer();
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    let answers = join_all((0..200).map(|_| fetch(&cache, get("/a")))).await;
    assert_eq!(origin.calls(), 1);
    assert!(answers.iter().all(|(_, body)| body == "x"));
    let collapsed = answers.iter().filter(|(answer, _)| {
        answer.extensions().get() == Some(&CacheOutcome::Collapsed)
            && status(answer).ends_with("; collapsed")
    });
    assert_eq!(collapsed.count(), 199);
    assert_eq!(handle.stats().collapsed, 199);
}

#[tokio::test(start_paused = true)]
async fn a_follower_leads_when_the_leader_dies() {
    let origin = slow(&[("cache-control", "max-age=60")]);
    let cache = layer().layer(origin.service());
    let mut leader = Box::pin(fetch(&cache, get("/a")));
    assert!(futures_util::poll!(&mut leader).is_pending());
    let mut followers = Box::pin(join_all((0..50).map(|_| fetch(&cache, get("/a")))));
    assert!(futures_util::poll!(&mut followers).is_pending());
    assert_eq!(origin.calls(), 1);
    drop(leader);
    let answers = followers.await;
    assert!(answers.iter().all(|(_, body)| body == "x"));
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_while_it_reads_is_replaced_too() {
    let origin = slow(&[("cache-control", "max-age=60")]);
    let cache = layer().layer(origin.service());
    let leader = cache.clone().oneshot(get("/a")).await.unwrap();
    let mut follower = Box::pin(fetch(&cache, get("/a")));
    assert!(futures_util::poll!(&mut follower).is_pending());
    drop(leader);
    assert_eq!(follower.await.1, "x");
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_shared_is_not_queued_for() {
    let origin = slow(&[("cache-control", "no-store")]);
    let cache = layer().layer(origin.service());
    let start = tokio::time::Instant::now();
    join_all((0..20).map(|_| fetch(&cache, get("/a")))).await;
    // One wait for the leader's head, then all at once; and the next ones do not wait at all.
    assert_eq!(start.elapsed().as_millis() / 100, 4);
    assert_eq!(origin.calls(), 20);
    let start = tokio::time::Instant::now();
    join_all((0..20).map(|_| fetch(&cache, get("/a")))).await;
    assert_eq!(start.elapsed().as_millis() / 100, 2);
}

#[tokio::test(start_paused = true)]
async fn variants_and_credentials_do_not_ride_together() {
    let origin = slow(&[("cache-control", "max-age=60, public"), ("vary", "x-lang")]);
    let cache = layer().layer(origin.service());
    let german = (0..10).map(|_| fetch(&cache, with("/a", &[("x-lang", "de")])));
    let english = (0..10).map(|_| fetch(&cache, get("/a")));
    let known = (0..3).map(|_| fetch(&cache, with("/b", &[("authorization", "x")])));
    tokio::join!(join_all(german), join_all(english), join_all(known));
    assert_eq!(origin.calls(), 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_timeout() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let origin = Origin::new(move |call, _| {
        let held = Arc::clone(&held);
        async move {
            if call == 0 {
                held.notified().await;
            }
            minute("x")
        }
    });
    let wait = Duration::from_secs(3);
    let cache = layer().collapse_timeout(wait).layer(origin.service());
    let mut leader = Box::pin(fetch(&cache, get("/a")));
    assert!(futures_util::poll!(&mut leader).is_pending());
    let start = tokio::time::Instant::now();
    fetch(&cache, get("/a")).await;
    assert_eq!(start.elapsed(), wait);
    release.notify_one();
    leader.await;
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_does_not_read_holds_nobody_up_for_long() {
    let origin = slow(&[("cache-control", "max-age=60")]);
    let cache = layer().layer(origin.service());
    let unread = cache.clone().oneshot(get("/a")).await.unwrap();
    let start = tokio::time::Instant::now();
    let answers = join_all((0..50).map(|_| fetch(&cache, get("/a")))).await;
    assert!(answers.iter().all(|(_, body)| body == "x"));
    // Two seconds of patience, then one of them asks for all.
    assert_eq!(start.elapsed(), Duration::from_millis(2200));
    assert_eq!(origin.calls(), 2);
    assert!(status(&fetch(&cache, get("/a")).await.0).contains("; hit"));
    drop(unread);
}

#[tokio::test(start_paused = true)]
async fn no_flight_outlives_its_requests() {
    let origin = slow(&[("cache-control", "max-age=60")]);
    let layer = layer();
    let flights = Arc::clone(&layer.shared().state.flights);
    let cache = layer.layer(origin.service());
    for path in ["/a", "/b", "/c"] {
        let mut request = Box::pin(fetch(&cache, get(path)));
        assert!(futures_util::poll!(&mut request).is_pending());
        assert_eq!(flights.len(), 1);
        drop(request);
        assert_eq!(flights.len(), 0);
    }
    fetch(&cache, get("/a")).await;
    assert_eq!(flights.len(), 0);
}

/// On real threads, with leaders and followers that go away at any point: nobody is left waiting,
/// and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancellation_at_any_point_leaves_nobody_waiting() {
    let origin = Origin::new(|call, _| async move {
        tokio::time::sleep(Duration::from_micros(call as u64 % 7 * 100)).await;
        if call % 5 == 0 {
            response(&[("cache-control", "max-age=0, must-revalidate")], "x")
        } else {
            response(&[("cache-control", "max-age=60"), ("vary", "x-n")], "x")
        }
    });
    let layer = layer().collapse_timeout(Duration::from_secs(60));
    let flights = Arc::clone(&layer.shared().state.flights);
    let cache = layer.layer(origin.service());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..400_u64 {
        let cache = cache.clone();
        tasks.spawn(async move {
            let n_text = (n % 3).to_string();
            let request = with(&format!("/{}", n % 11), &[("x-n", &n_text)]);
            let patience = Duration::from_micros(n * 37 % 900);
            if n % 2 == 0 {
                _ = tokio::time::timeout(patience, fetch(&cache, request)).await;
            } else {
                assert_eq!(fetch(&cache, request).await.1, "x");
            }
        });
    }
    let all = async {
        while let Some(done) = tasks.join_next().await {
            done.unwrap()
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all)
        .await
        .expect("somebody waits for nobody");
    assert_eq!(flights.len(), 0);
}
