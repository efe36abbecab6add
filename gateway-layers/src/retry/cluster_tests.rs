//! Retry over a balancer over sockets.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{Body, Response, Upstream};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};
use tower::{Layer as _, ServiceExt as _};

use super::RetryLayer;
use crate::{
    balance::{Balance, Policy},
    proxy::tests::support::{raw, read_head, request, text, upstream},
};

/// Takes every request and answers none.
async fn resets() -> String {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
    })
    .await;
    format!("http://{address}")
}

#[tokio::test]
async fn the_next_attempt_goes_elsewhere() {
    let alive = upstream(false, |_| async { Response::new(Body::from("alive")) }).await;
    let urls = [resets().await, resets().await, format!("http://{alive}")];
    for policy in [Policy::P2cEwma, Policy::RoundRobin, Policy::LeastRequest] {
        let balance = Balance::proxies("shop", urls.iter().map(String::as_str))
            .unwrap()
            .policy(policy);
        // Three attempts reach three endpoints only if none is tried twice.
        let service = RetryLayer::new().attempts(3).layer(balance.clone());
        for _ in 0..10 {
            let response = service
                .clone()
                .oneshot(request("GET", "/", ""))
                .await
                .unwrap();
            let upstream = response.extensions().get::<Upstream>().unwrap().clone();
            assert_eq!(text(response).await, "alive", "{policy:?}");
            assert!((1..=3).contains(&upstream.attempts()));
        }
        assert!(balance.endpoints().iter().all(|state| state.active() == 0));
    }
}

#[tokio::test]
async fn when_everything_was_tried_anything_is_better_than_nothing() {
    let only = resets().await;
    let balance = Balance::proxies("shop", [only.as_str()]).unwrap();
    let service = RetryLayer::new().attempts(2).layer(balance);
    let response = service.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(
        response.extensions().get::<Upstream>().unwrap().attempts(),
        2
    );
}

/// A backend that can be killed, with all its connections, by being dropped.
struct Backend {
    address: SocketAddr,
    served: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Backend {
    async fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (io, _) = listener.accept().await.unwrap();
                let count = Arc::clone(&count);
                let answer = service_fn(move |_| {
                    count.fetch_add(1, Ordering::Relaxed);
                    async { Ok::<_, Infallible>(Response::new(Body::from("alive"))) }
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(io), answer);
                connections.spawn(async move { connection.await.unwrap_or_default() });
            }
        });
        Self {
            address,
            served,
            _tasks: tasks,
        }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_backend_is_not_noticed_and_comes_back() {
    let mut backends = Vec::new();
    for _ in 0..3 {
        backends.push(Backend::start("127.0.0.1:0").await);
    }
    let urls: Vec<_> = backends
        .iter()
        .map(|backend| format!("http://{}", backend.address))
        .collect();
    let balance = Balance::proxies("shop", urls.iter().map(String::as_str))
        .unwrap()
        .decay(Duration::from_millis(100));
    let service = RetryLayer::new().attempts(3).layer(balance);
    let failed = Arc::new(AtomicUsize::new(0));
    let load = |requests: usize| {
        let (service, failed) = (service.clone(), Arc::clone(&failed));
        async move {
            let mut clients = JoinSet::new();
            for _ in 0..8 {
                let (service, failed) = (service.clone(), Arc::clone(&failed));
                clients.spawn(async move {
                    for _ in 0..requests / 8 {
                        let asked = request("GET", "/", "");
                        let response = service.clone().oneshot(asked).await.unwrap();
                        if response.status() != 200 || text(response).await != "alive" {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            clients.join_all().await;
        }
    };
    let kill = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        backends.remove(0).address
    };
    let (address, ()) = tokio::join!(kill, load(800));
    assert_eq!(failed.load(Ordering::Relaxed), 0);

    let back = Backend::start(&address.to_string()).await;
    // What is left of the largest penalty, ten seconds, after ten decays is less than a millisecond.
    tokio::time::sleep(Duration::from_secs(1)).await;
    load(400).await;
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert!(back.served() > 40, "{} of 400", back.served());
}
