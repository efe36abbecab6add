use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use gateway_core::{
    Body, ErrorKind, GatewayError, Outcome, Request, Response, Upstream,
    service::Unsent,
    testing::{Answer, Inner, InnerError},
};
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt as _};

use super::*;
use crate::proxy::{
    Proxy,
    tests::support::{gateway, listen, raw, read_head, request, stream, text, upstream, within},
};

fn kind(response: &Response) -> ErrorKind {
    response.extensions().get::<GatewayError>().unwrap().kind()
}

async fn named(name: &'static str) -> String {
    let address = upstream(
        false,
        move |_| async move { Response::new(Body::from(name)) },
    )
    .await;
    format!("http://{address}")
}

async fn dead() -> String {
    let (listener, address) = listen().await;
    drop(listener);
    format!("http://{address}")
}

fn over(urls: &[String]) -> Balance<Proxy> {
    Balance::proxies("shop", urls.iter().map(String::as_str)).unwrap()
}

async fn get(balance: &Balance<Proxy>) -> Response {
    within(balance.clone().oneshot(request("GET", "/", "")))
        .await
        .unwrap()
}

async fn settled(balance: &Balance<Proxy>, active: usize) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(1);
    loop {
        let now: usize = balance.endpoints().iter().map(|e| e.active()).sum();
        if now == active {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{now} requests are counted a second later, expected {active}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_empty_set_is_a_503() {
    let outcome = Outcome::new();
    let mut asked = request("GET", "/", "");
    asked.extensions_mut().insert(outcome.clone());
    let response = over(&[]).oneshot(asked).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(kind(&response), ErrorKind::NoHealthyUpstream);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(
        outcome.take().error.unwrap().kind(),
        ErrorKind::NoHealthyUpstream
    );
}

#[tokio::test]
async fn a_dead_endpoint_is_skipped_and_the_outcome_says_so() {
    let balance = over(&[dead().await, named("alive").await]).policy(Policy::RoundRobin);
    let mut attempts = Vec::new();
    for _ in 0..20 {
        let outcome = Outcome::new();
        let mut asked = request("POST", "/", "not idempotent, and yet sent once");
        asked.extensions_mut().insert(outcome.clone());
        let response = balance.clone().oneshot(asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let upstream = response.extensions().get::<Upstream>().unwrap().clone();
        let seen = outcome.take();
        assert!(seen.error.is_none());
        assert_eq!(seen.upstream.unwrap().attempts(), upstream.attempts());
        attempts.push(upstream.attempts());
        assert_eq!(text(response).await, "alive");
    }
    assert!(
        attempts.contains(&1) && attempts.contains(&2),
        "{attempts:?}"
    );
}

#[tokio::test]
async fn p2c_soon_leaves_a_dead_endpoint_alone() {
    let balance = over(&[dead().await, named("a").await, named("b").await]);
    let mut second_tries = 0;
    for _ in 0..200 {
        let response = get(&balance).await;
        assert_eq!(response.status(), StatusCode::OK);
        if response.extensions().get::<Upstream>().unwrap().attempts() == 2 {
            second_tries += 1;
        }
        text(response).await;
    }
    assert!(
        second_tries <= 3,
        "{second_tries} of 200 met the dead endpoint"
    );
}

#[tokio::test]
async fn when_all_are_dead_the_request_comes_back() {
    let balance = over(&[dead().await, dead().await]);
    let mut response = get(&balance).await;
    assert_eq!(kind(&response), ErrorKind::UpstreamConnect);
    assert!(Unsent::take(response.extensions_mut()).is_some());
    settled(&balance, 0).await;

    let balance = over(&[dead().await]);
    let mut response = get(&balance).await;
    assert_eq!(kind(&response), ErrorKind::UpstreamConnect);
    assert!(Unsent::take(response.extensions_mut()).is_some());
}

#[tokio::test]
async fn a_lost_connection_is_not_tried_elsewhere() {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
    })
    .await;
    let balance =
        over(&[format!("http://{address}"), named("alive").await]).policy(Policy::RoundRobin);
    let response = get(&balance).await;
    assert_eq!(kind(&response), ErrorKind::UpstreamReset);
}

#[tokio::test]
async fn load_is_counted_to_the_end_of_the_stream() {
    let address = upstream(false, |_| async { Response::new(stream(&["a", "b"])) }).await;
    let balance = over(&[format!("http://{address}")]);
    let response = get(&balance).await;
    assert_eq!(balance.endpoints()[0].active(), 1);
    assert_eq!(text(response).await, "ab");
    assert_eq!(balance.endpoints()[0].active(), 0);

    let response = get(&balance).await;
    assert_eq!(balance.endpoints()[0].active(), 1);
    drop(response);
    assert_eq!(balance.endpoints()[0].active(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_load() {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome";
        io.write_all(head).await.unwrap();
        assert_eq!(io.read(&mut [0]).await.unwrap_or(0), 0);
    })
    .await;
    let balance = over(&[format!("http://{address}")]);
    let front = gateway(false, balance.clone()).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    assert!(read_head(&mut io).await.contains("200 OK"));
    assert_eq!(balance.endpoints()[0].active(), 1);
    drop(io);
    settled(&balance, 0).await;
}

#[tokio::test]
async fn a_tunnel_is_load_until_it_closes() {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
        let head = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
        io.write_all(head).await.unwrap();
        assert_eq!(io.read(&mut [0]).await.unwrap_or(0), 0);
    })
    .await;
    let balance = over(&[format!("http://{address}")]);
    let front = gateway(false, balance.clone()).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")
        .await
        .unwrap();
    assert!(read_head(&mut io).await.contains("101"));
    settled(&balance, 1).await;
    drop(io);
    settled(&balance, 0).await;
}

#[tokio::test]
async fn the_set_can_be_replaced_under_way() {
    let (a, b) = (named("a").await, named("b").await);
    let balance = over(std::slice::from_ref(&a));
    assert_eq!(text(get(&balance).await).await, "a");
    let state = Arc::clone(&balance.endpoints()[0]);
    let proxy = |url: &str| Endpoint::new(url, Proxy::new(url).unwrap());
    balance.clone().replace([proxy(&b)]);
    assert_eq!(text(get(&balance).await).await, "b");
    balance.replace([proxy(&a), proxy(&b)]);
    // It was gone in between, so it is a new one.
    assert!(!Arc::ptr_eq(&state, &balance.endpoints()[0]));
    let b_state = Arc::clone(&balance.endpoints()[1]);
    balance.replace([proxy(&b)]);
    assert!(Arc::ptr_eq(&b_state, &balance.endpoints()[0]));
    b_state.set_blocked(Blocked::Draining, true);
    assert_eq!(kind(&get(&balance).await), ErrorKind::NoHealthyUpstream);
}

/// An upstream that answers everything with 500.
async fn broken() -> String {
    let address = upstream(false, |_| async {
        let mut response = Response::new(Body::from("mine"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
    .await;
    format!("http://{address}")
}

#[tokio::test]
async fn an_endpoint_that_answers_500_is_left_alone_and_comes_back() {
    // Longer than sixty requests take anywhere.
    let pause = Duration::from_secs(4);
    let urls = [broken().await, named("a").await, named("b").await];
    let balance = over(&urls)
        .policy(Policy::RoundRobin)
        .outliers(Outliers::new().failures(3).eject(pause));
    let mut failures = 0;
    for _ in 0..60 {
        if get(&balance).await.status() == 500 {
            failures += 1;
        }
    }
    assert_eq!(failures, 3);
    assert!(balance.endpoints()[0].is_blocked_by(Blocked::Ejected));
    tokio::time::sleep(pause).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&balance).await.status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 500]);
}

#[tokio::test]
async fn when_all_are_bad_the_upstreams_own_answer_is_passed_on() {
    let urls = [broken().await, broken().await, broken().await];
    let balance = over(&urls).outliers(Outliers::new().failures(2));
    for _ in 0..40 {
        let response = get(&balance).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(text(response).await, "mine");
    }
    let ejected = balance.endpoints();
    let ejected = ejected.iter().filter(|state| !state.is_available());
    assert_eq!(ejected.count(), 1);
    // Also when a health check says that none of them is well.
    for state in balance.endpoints() {
        state.set_blocked(Blocked::Unhealthy, true);
    }
    assert_eq!(text(get(&balance).await).await, "mine");
}

#[tokio::test]
async fn the_same_key_reaches_the_same_endpoint() {
    let urls = [named("a").await, named("b").await, named("c").await];
    let balance = over(&urls).hash_on(gateway_core::Key::header("x-tenant"));
    let mut homes = std::collections::HashSet::new();
    for tenant in 0..20 {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..5 {
            let mut asked = request("GET", "/", "");
            let value = http::HeaderValue::from(tenant);
            asked.headers_mut().insert("x-tenant", value);
            let response = balance.clone().oneshot(asked).await.unwrap();
            seen.insert(text(response).await);
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        homes.extend(seen);
    }
    assert_eq!(homes.len(), 3);
    // Without the key it is balanced all the same.
    assert_eq!(get(&balance).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn errors_of_the_endpoint_pass() {
    #[derive(Clone, Debug, PartialEq)]
    struct Failed;
    let failing = tower::service_fn(|_: Request| async { Err::<Response, _>(Failed) });
    let balance = Balance::new("x", [Endpoint::new("a", failing)]);
    let error = balance.clone().oneshot(request("GET", "/", "")).await;
    assert_eq!(error.unwrap_err(), Failed);
    assert_eq!(balance.endpoints()[0].active(), 0);
}

/// One that is not ready when it is asked first, and one that never will be.
#[tokio::test]
async fn what_is_not_ready_is_waited_for() {
    let slow = Inner::new(Answer::Stream);
    let balance = Balance::new("x", [Endpoint::new("a", slow)]);
    let answered = balance.clone().oneshot(request("GET", "/", "")).await;
    assert_eq!(answered.unwrap().status(), StatusCode::OK);

    let broken = Broken;
    let balance = Balance::new("x", [Endpoint::new("a", broken)]);
    let error = balance.clone().oneshot(request("GET", "/", "")).await;
    assert_eq!(error.unwrap_err().0, 7);
    assert_eq!(balance.endpoints()[0].active(), 0);
}

/// Fails before it is called.
#[derive(Clone, Copy)]
struct Broken;

impl Service<Request> for Broken {
    type Response = Response;
    type Error = InnerError;
    type Future = std::future::Ready<Result<Response, InnerError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), InnerError>> {
        Poll::Ready(Err(InnerError(7)))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        unreachable!("it is never ready")
    }
}

fn _auto_traits() {
    fn all<T: Clone + Send + Sync + 'static>() {}
    fn send<T: Send + 'static>() {}
    all::<Balance<Proxy>>();
    send::<ResponseFuture<Proxy>>();
}
