mod queue;

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    sync::Mutex,
    time::Duration,
};

use futures_util::{future::join_all, poll};
use gateway_core::{Body, Cost, ErrorKind, GatewayError, Key};
use tokio::time::Instant;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::*;
use crate::rate_limit::{
    Mode, OnMissing, OnStoreError, Policy, RateLimitHeaders, RateLimitLayer, StoreError, Take,
    Verdict, per_day, per_second,
};

gateway_core::contract!(
    admitting,
    RateLimitLayer::new(per_day(1_000_000)).key(Key::Global),
    clones = 0
);
gateway_core::contract!(
    queueing,
    RateLimitLayer::new(per_second(1).burst(1))
        .key(Key::Global)
        .mode(Mode::Queue {
            max_wait: Duration::from_secs(3_600),
            max_depth: 1_000,
        }),
    clones = 1
);
gateway_core::contract!(
    with_a_store_that_answers_later,
    RateLimitLayer::with_store(per_day(1_000_000), Later::default(), OnStoreError::Deny)
        .key(Key::Global),
    clones = 1
);

type Answered = Result<Response<Body>, Infallible>;

fn serve<St: Store>(
    layer: &RateLimitLayer<St>,
) -> impl Service<Request<()>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ use<St> {
    layer.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(Body::from("ok"))))
    }))
}

async fn call<St: Store>(layer: &RateLimitLayer<St>, request: Request<()>) -> Response<Body> {
    let Ok(response) = serve(layer).oneshot(request).await;
    response
}

fn limiter(burst: u64) -> RateLimitLayer {
    RateLimitLayer::new(per_second(1).burst(burst)).key(Key::Global)
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

fn with_tenant(tenant: &'static str) -> Request<()> {
    Request::builder()
        .header("x-tenant", tenant)
        .body(())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_at_once_exactly_the_burst_passes() {
    let layer = limiter(137);
    let calls = (0..1_000).map(|_| call(&layer, Request::new(())));
    let passed = join_all(calls).await;
    let passed = passed
        .iter()
        .filter(|response| response.status() == 200)
        .count();
    assert_eq!(passed, 137);
    tokio::time::advance(Duration::from_secs(5)).await;
    let calls = (0..1_000).map(|_| call(&layer, Request::new(())));
    let refilled = join_all(calls).await;
    let refilled = refilled
        .iter()
        .filter(|response| response.status() == 200)
        .count();
    assert_eq!(refilled, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_on_four_threads_exactly_the_burst_passes() {
    let layer = RateLimitLayer::new(per_day(100)).key(Key::Global);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let service = serve(&layer);
        tasks.spawn(service.oneshot(Request::new(())));
    }
    let answers: Vec<Answered> = tasks.join_all().await;
    let passed = answers
        .iter()
        .flatten()
        .filter(|response| response.status() == 200);
    assert_eq!(passed.count(), 100);
}

#[tokio::test(start_paused = true)]
async fn both_answers_say_where_the_caller_stands() {
    let layer = limiter(2);
    let first = call(&layer, Request::new(())).await;
    assert_eq!(header(&first, "ratelimit"), "\"default\";r=1;t=1");
    assert_eq!(header(&first, "x-ratelimit-remaining"), "1");
    call(&layer, Request::new(())).await;
    let refused = call(&layer, Request::new(())).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "ratelimit"), "\"default\";r=0;t=2");
    assert_eq!(header(&refused, "ratelimit-policy"), "\"default\";q=1;w=1");
    assert_eq!(header(&refused, "x-ratelimit-limit"), "1");
    assert_eq!(header(&refused, "retry-after"), "1");
    let error = refused.extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let body: serde_json::Value =
        serde_json::from_slice(refused.body().as_bytes().unwrap()).unwrap();
    assert_eq!(body["violated-policies"], serde_json::json!(["default"]));
    assert_eq!(body["layer"], "rate_limit");
}

#[tokio::test(start_paused = true)]
async fn the_tightest_policy_is_reported_and_the_violated_named() {
    let global = Policy::new("global", per_day(3)).unwrap().key(Key::Global);
    let layer = RateLimitLayer::new(per_day(100))
        .key(Key::header("x-tenant"))
        .policy(global);
    for (tenant, left) in [("a", 2), ("b", 1), ("c", 0)] {
        let response = call(&layer, with_tenant(tenant)).await;
        let expected = format!("\"global\";r={left};");
        assert!(header(&response, "ratelimit").starts_with(&expected));
    }
    let refused = call(&layer, with_tenant("d")).await;
    let error = refused.extensions().get::<GatewayError>().unwrap();
    let (_, violated) = &error.members()[0];
    assert_eq!(violated, &serde_json::json!(["global"]));
    assert_eq!(header(&refused, "retry-after"), "28800");
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_shared_allowed_or_denied() {
    let layer = RateLimitLayer::new(per_day(1)).key(Key::Subject);
    for (on_missing, expected) in [
        (OnMissing::Share, [200, 429]),
        (OnMissing::Allow, [200, 200]),
        (OnMissing::Deny, [429, 429]),
    ] {
        let layer = layer.clone().on_missing(on_missing);
        for status in expected {
            let response = call(&layer, Request::new(())).await;
            assert_eq!(response.status(), status, "{on_missing:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_price_may_come_from_outside() {
    let layer = limiter(10).cost_from_extension();
    let priced = |units| {
        Request::builder()
            .extension(Cost::new(units))
            .body(())
            .unwrap()
    };
    assert_eq!(call(&layer, priced(7)).await.status(), 200);
    assert_eq!(call(&layer, priced(4)).await.status(), 429);
    assert_eq!(call(&layer, priced(0)).await.status(), 200);
    assert_eq!(call(&layer, priced(u64::MAX)).await.status(), 429);
    assert_eq!(call(&layer, priced(3)).await.status(), 200);
    assert_eq!(call(&limiter(10).cost(11), priced(1)).await.status(), 429);
}

#[tokio::test(start_paused = true)]
async fn a_shadow_refuses_nothing_and_counts() {
    let layer = limiter(2).shadow(true);
    for _ in 0..5 {
        assert_eq!(call(&layer, Request::new(())).await.status(), 200);
    }
    assert_eq!(layer.shadowed(), 3);
}

#[tokio::test(start_paused = true)]
async fn headers_may_be_hidden() {
    let layer = limiter(1).headers(RateLimitHeaders::Hidden);
    let passed = call(&layer, Request::new(())).await;
    assert!(passed.headers().is_empty());
    let refused = call(&layer, Request::new(())).await;
    assert!(!refused.headers().contains_key("ratelimit"));
    assert_eq!(header(&refused, "retry-after"), "1");
}

#[tokio::test(start_paused = true)]
async fn an_inner_limiters_refusal_speaks_for_itself() {
    let inner = limiter(1);
    let outer = limiter(10);
    let stack = outer.layer(serve(&inner));
    let Ok(passed) = stack.clone().oneshot(Request::new(())).await;
    assert_eq!(passed.headers().get_all("ratelimit").iter().count(), 2);
    let Ok(refused) = stack.oneshot(Request::new(())).await;
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "0");
    assert_eq!(refused.headers().get_all("ratelimit").iter().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_does_what_was_chosen() {
    let failing = || Later::new(std::iter::repeat_n(false, 9));
    for (on_error, expected) in [
        (OnStoreError::Allow, [200, 200]),
        (OnStoreError::Deny, [503, 503]),
        (OnStoreError::Local, [200, 429]),
    ] {
        let layer = RateLimitLayer::with_store(per_day(1), failing(), on_error).key(Key::Global);
        for status in expected {
            let response = call(&layer, Request::new(())).await;
            assert_eq!(response.status(), status, "{on_error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn layers_that_share_a_store_count_together_by_name() {
    let store = Arc::new(MemoryStore::new());
    let layer = || {
        RateLimitLayer::with_store(per_day(1), Arc::clone(&store), OnStoreError::Deny)
            .key(Key::Global)
    };
    assert_eq!(call(&layer(), Request::new(())).await.status(), 200);
    assert_eq!(call(&layer(), Request::new(())).await.status(), 429);
    let apart = layer().scope("another route");
    assert_eq!(call(&apart, Request::new(())).await.status(), 200);
    assert_eq!(call(&apart, Request::new(())).await.status(), 429);
}

/// A store that always says so many times yes.
#[derive(Clone, Copy, Debug)]
struct Fixed(usize);

impl Store for Fixed {
    type Future = Ready<Result<Verdict, StoreError>>;

    fn take(
        &self,
        takes: &[Take<'_>],
        _: Duration,
    ) -> Answer<Result<Verdict, StoreError>, Self::Future> {
        let Answer::Now(Ok(one)) = MemoryStore::new().take(takes, Duration::ZERO) else {
            panic!("memory answers at once");
        };
        Answer::Now(Ok(std::iter::repeat_n(one[0], self.0).collect()))
    }

    fn refund(&self, _: &[Take<'_>]) {}
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_what_it_was_not_asked_has_failed() {
    for (decisions, expected) in [(0, 503), (1, 200), (2, 503)] {
        let layer = RateLimitLayer::with_store(per_day(9), Fixed(decisions), OnStoreError::Deny);
        let response = call(&layer.key(Key::Global), Request::new(())).await;
        assert_eq!(response.status(), expected, "{decisions} decisions");
    }
}

/// The memory store as a network would show it: the answer is a future, and may be an error.
#[derive(Debug, Default)]
struct Later {
    memory: MemoryStore,
    script: Mutex<VecDeque<bool>>,
}

impl Later {
    fn new(script: impl IntoIterator<Item = bool>) -> Self {
        Self {
            memory: MemoryStore::new(),
            script: Mutex::new(script.into_iter().collect()),
        }
    }
}

impl Store for Later {
    type Future = Ready<Result<Verdict, StoreError>>;

    fn take(
        &self,
        takes: &[Take<'_>],
        patience: Duration,
    ) -> Answer<Result<Verdict, StoreError>, Self::Future> {
        if self.script.lock().unwrap().pop_front() == Some(false) {
            return Answer::Later(ready(Err(StoreError::new("connection refused"))));
        }
        match self.memory.take(takes, patience) {
            Answer::Now(verdict) => Answer::Later(ready(verdict)),
            later @ Answer::Later(_) => later,
        }
    }

    fn refund(&self, takes: &[Take<'_>]) {
        self.memory.refund(takes);
    }
}
