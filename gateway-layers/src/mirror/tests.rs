use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use gateway_core::{
    Body, ErrorKind, GatewayError, Outcome, Request, Response,
    body::collect,
    testing::{frames, trailers},
};
use http::{HeaderMap, Method};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{Mirror, MirrorLayer, Mirrored};

/// What the other side saw, and how copies ended.
#[derive(Clone, Default)]
struct Seen {
    requests: Arc<Mutex<Vec<(HeaderMap, Vec<u8>, bool)>>>,
    ends: Arc<Mutex<HashMap<&'static str, usize>>>,
}

impl Seen {
    fn end(&self, end: Mirrored) -> usize {
        let ends = self.ends.lock().unwrap();
        ends.get(end.as_str()).copied().unwrap_or(0)
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|(_, body, _)| body.clone()).collect()
    }
}

/// A layer whose copies take `delay`, and fail if they ask for `/fail`.
fn layer(seen: &Seen, delay: Duration) -> MirrorLayer {
    let requests = Arc::clone(&seen.requests);
    let target = service_fn(move |request: Request| {
        let requests = Arc::clone(&requests);
        async move {
            tokio::time::sleep(delay).await;
            let (parts, body) = request.into_parts();
            let observed = parts.extensions.get::<Outcome>().is_some();
            let body = collect(body, 1 << 20).await.unwrap();
            let seen = (parts.headers, body.bytes().to_vec(), observed);
            requests.lock().unwrap().push(seen);
            let mut response = Response::new(Body::from("ignored"));
            if parts.uri.path() == "/fail" {
                let error = GatewayError::new(ErrorKind::UpstreamConnect);
                response.extensions_mut().insert(error);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let ends = Arc::clone(&seen.ends);
    MirrorLayer::new(target)
        .methods([Method::GET, Method::POST])
        .on_end(move |end: Mirrored| *ends.lock().unwrap().entry(end.as_str()).or_default() += 1)
}

#[derive(Clone)]
struct Primary;

impl tower_service::Service<Request> for Primary {
    type Response = Response;
    type Error = Infallible;
    type Future = futures_util::future::BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    /// Says how much it has read, and nothing of a body it was told to leave.
    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(async move {
            if request.uri().path() == "/unread" {
                return Ok(Response::new(Body::empty()));
            }
            let read = collect(request.into_body(), 1 << 20).await.unwrap();
            Ok(Response::new(Body::from(read.bytes().len().to_string())))
        })
    }
}

async fn ask(service: &Mirror<Primary>, path: &str, body: Body) -> String {
    let request = Request::post(path).body(body).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    let body = collect(response.into_body(), 64).await.unwrap();
    String::from_utf8(body.bytes().to_vec()).unwrap()
}

/// Lets all that can run do so; the clock is paused.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_copy_is_the_request_with_a_mark() {
    let seen = Seen::default();
    let service = layer(&seen, Duration::ZERO).layer(Primary);
    let mut request = Request::post("/")
        .header("x-a", "b")
        .header("expect", "100-continue")
        .body(frames(&["pi", "ng"], Some(trailers())))
        .unwrap();
    request.extensions_mut().insert(Outcome::new());
    service.clone().oneshot(request).await.unwrap();
    assert_eq!(ask(&service, "/", Body::from("whole")).await, "5");
    settle().await;
    assert_eq!(seen.bodies(), [b"ping".to_vec(), b"whole".to_vec()]);
    let (headers, _, observed) = seen.requests.lock().unwrap()[0].clone();
    assert_eq!(headers["x-a"], "b");
    assert_eq!(headers["x-gateway-mirror"], "1");
    assert!(!headers.contains_key("expect") && !observed);
    assert_eq!(seen.end(Mirrored::Sent), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_or_failing_mirror_costs_the_request_no_time() {
    let seen = Seen::default();
    let service = layer(&seen, Duration::from_secs(3600)).max_in_flight(3);
    let service = service.timeout(Duration::from_secs(2)).layer(Primary);
    let start = tokio::time::Instant::now();
    for _ in 0..5 {
        assert_eq!(ask(&service, "/", Body::from("x")).await, "1");
    }
    assert!(start.elapsed().is_zero());
    assert_eq!(seen.end(Mirrored::Busy), 2, "three may be in flight");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(seen.end(Mirrored::TimedOut), 3);
    ask(&service, "/", Body::from("x")).await;
    assert_eq!(seen.end(Mirrored::Busy), 2, "there is room again");

    let service = layer(&seen, Duration::ZERO).layer(Primary);
    assert_eq!(ask(&service, "/fail", Body::from("x")).await, "1");
    settle().await;
    assert_eq!(seen.end(Mirrored::Failed), 1);
}

#[tokio::test(start_paused = true)]
async fn long_and_unread_bodies_are_not_mirrored() {
    let seen = Seen::default();
    let service = layer(&seen, Duration::ZERO).max_body(4).layer(Primary);
    assert_eq!(ask(&service, "/", Body::from("12345")).await, "5");
    assert_eq!(ask(&service, "/", frames(&["123", "45"], None)).await, "5");
    assert_eq!(seen.end(Mirrored::TooLarge), 2);
    ask(&service, "/unread", frames(&["12", "34"], None)).await;
    assert_eq!(seen.end(Mirrored::Cancelled), 1);
    assert_eq!(ask(&service, "/", frames(&["12", "34"], None)).await, "4");
    settle().await;
    assert_eq!(seen.bodies(), [b"1234".to_vec()]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_mirrored() {
    let seen = Seen::default();
    let service = layer(&seen, Duration::ZERO).layer(Primary);
    for request in [
        Request::delete("/"),
        Request::connect("/"),
        Request::get("/").header("upgrade", "websocket"),
    ] {
        let request = request.body(Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap();
    }
    settle().await;
    assert!(seen.bodies().is_empty());
    let service = layer(&seen, Duration::ZERO).share(0.0).layer(Primary);
    ask(&service, "/", Body::empty()).await;
    let service = layer(&seen, Duration::ZERO).max_in_flight(4_000);
    let service = service.share(0.25).layer(Primary);
    for _ in 0..4_000 {
        ask(&service, "/", Body::empty()).await;
    }
    settle().await;
    let count = seen.bodies().len();
    // Five standard deviations.
    assert!((863..=1137).contains(&count), "{count} of 4000");
}

#[tokio::test(start_paused = true)]
async fn copies_end_with_the_last_service() {
    let seen = Seen::default();
    let service = layer(&seen, Duration::from_secs(1)).layer(Primary);
    ask(&service, "/", Body::empty()).await;
    settle().await;
    assert_eq!(seen.end(Mirrored::Cancelled), 0);
    drop(service);
    settle().await;
    assert_eq!(seen.end(Mirrored::Cancelled), 1);
    assert!(seen.bodies().is_empty());
}

gateway_core::contract!(
    keeps_the_contract,
    MirrorLayer::new(service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }))
    .methods([Method::POST])
    .max_in_flight(8)
);
