//! A backend that does as it is told, and a gateway in front of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{Router, body::Bytes, extract::State, response::IntoResponse};
use gateway::doubles::{Serving, spawn};
use gateway_tests::{Answer, ConfigFile, Gateway, get};
use http::{HeaderValue, StatusCode, header};
use tokio::{task::JoinSet, time::Instant};

use crate::PROGRAM;

/// A backend that does as it is told, and counts.
#[derive(Clone, Default)]
pub(super) struct Backend {
    pub(super) state: Arc<Told>,
}

#[derive(Default)]
pub(super) struct Told {
    /// What it answers; 0 is 200.
    status: AtomicU16,
    /// How many requests get a 503 before that.
    failures: AtomicUsize,
    /// Milliseconds to the head.
    delay: AtomicU64,
    /// Seconds; 0 is none.
    pub(super) retry_after: AtomicU64,
    hits: AtomicUsize,
    /// Requests under way.
    open: AtomicUsize,
    digests: Mutex<Vec<Vec<u8>>>,
}

struct Open(Arc<Told>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Backend {
    pub(super) async fn start() -> (Self, Serving) {
        let backend = Self::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&backend.state));
        let serving = spawn(router).await.expect("a port");
        (backend, serving)
    }

    pub(super) fn answers(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    pub(super) fn takes(&self, millis: u64) {
        self.state.delay.store(millis, Ordering::SeqCst);
    }

    pub(super) fn fails_first(&self, count: usize) {
        self.state.failures.store(count, Ordering::SeqCst);
    }

    pub(super) fn hits(&self) -> usize {
        self.state.hits.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// The SHA-256 of each body since the last time.
    pub(super) fn digests(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state.digests.lock().expect("nobody panics"))
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

async fn answer(State(told): State<Arc<Told>>, body: Bytes) -> impl IntoResponse {
    told.hits.fetch_add(1, Ordering::SeqCst);
    told.open.fetch_add(1, Ordering::SeqCst);
    let _open = Open(Arc::clone(&told));
    let hash = sha256(&body);
    told.digests.lock().expect("nobody panics").push(hash);
    let delay = told.delay.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let fewer = |left: usize| left.checked_sub(1);
    let failing = told
        .failures
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer)
        .is_ok();
    let status = match told.status.load(Ordering::SeqCst) {
        _ if failing => StatusCode::SERVICE_UNAVAILABLE,
        0 => StatusCode::OK,
        status => StatusCode::from_u16(status).expect("a test says a status"),
    };
    let mut response = (status, "done").into_response();
    let after = told.retry_after.load(Ordering::SeqCst);
    if after > 0 {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    response
}

/// A gateway with one route, `shop`, to `endpoints`; `upstream` and `layers` are lines of its config.
pub(super) async fn gateway(
    endpoints: &[&Serving],
    upstream: &str,
    layers: &str,
) -> (Gateway, ConfigFile) {
    let endpoints: Vec<_> = endpoints.iter().map(|one| one.url()).collect();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstreams:
  shop:
    endpoints: {endpoints:?}
    balance: round_robin
    {upstream}
routes:
  shop:
    match: \"/{{*rest}}\"
    to: shop
    layers: {{ {layers} }}
"
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file)
}

/// Sends `count` requests at once.
pub(super) async fn all_at_once(gateway: &Gateway, count: usize) -> Vec<(Answer, Duration)> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let address = gateway.address;
        tasks.spawn(async move {
            let began = Instant::now();
            let answer = get(address, "/items", &[]).await;
            (answer, began.elapsed())
        });
    }
    tasks.join_all().await
}

pub(super) async fn metrics(gateway: &Gateway) -> String {
    get(gateway.admin, "/metrics", &[]).await.body
}

/// Waits until `done`. Far longer than it takes, since other tests run beside; far shorter than any
/// backend of these tests sleeps.
pub(super) async fn soon(what: &str, done: impl AsyncFnMut() -> bool) {
    within(Duration::from_secs(4), what, done).await;
}

/// Waits until `done`, for so long at most.
pub(super) async fn within(limit: Duration, what: &str, mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < limit, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
