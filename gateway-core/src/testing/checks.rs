//! The rules, one function each. They panic with the rule's name: this module is only in tests.

use std::{future::poll_fn, pin::pin, task::Poll};

use http::StatusCode;
use http_body::Body as HttpBody;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    contract::Contract,
    inner::{Answer, Counters, Inner, InnerError, Marker},
};
use crate::{Body, Request, Response, body::collect};

/// What every service under test is.
pub(super) trait Subject:
    Service<Request, Response = Response, Error = InnerError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Subject for S where
    S: Service<Request, Response = Response, Error = InnerError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

fn build<F, L>(contract: &Contract<F>, answer: Answer) -> (L::Service, Counters)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let inner = Inner::new(answer);
    let counters = inner.counters();
    ((contract.make)().layer(inner), counters)
}

async fn ready<S: Subject>(service: &mut S) {
    poll_fn(|cx| service.poll_ready(cx))
        .await
        .expect("contract: readiness is not refused");
}

async fn call<S: Subject>(service: &mut S, request: Request) -> Result<Response, InnerError> {
    ready(service).await;
    service.call(request).await
}

fn expect_pass(response: &Response) {
    assert_eq!(
        response.status(),
        StatusCode::OK,
        "contract: the layer did not let the request pass; set `request`"
    );
}

pub(super) async fn passes_three_times_and_concurrently<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, counters) = build(contract, Answer::Stream);
    for _ in 0..3 {
        let response = call(&mut service, (contract.request)())
            .await
            .expect("contract: no error");
        expect_pass(&response);
        collect(response.into_body(), 1 << 20)
            .await
            .expect("contract: the body is readable");
    }
    let (mut one, mut two) = (service.clone(), service.clone());
    // Both are made ready before either is called: a readiness that leaks into a clone shows here.
    ready(&mut one).await;
    ready(&mut two).await;
    let (first, second) = (
        one.call((contract.request)()),
        two.call((contract.request)()),
    );
    let (first, second) = tokio::join!(first, second);
    expect_pass(&first.expect("contract: no error"));
    expect_pass(&second.expect("contract: no error"));
    assert!(
        counters.calls() > 0,
        "contract: the inner service was never called"
    );
}

pub(super) async fn keeps_the_inner_error<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, _) = build(contract, Answer::Fail);
    let result = call(&mut service, (contract.request)()).await;
    let error = result.map(|response| response.status());
    assert_eq!(
        error,
        Err(InnerError(7)),
        "contract: the inner error is passed on unchanged"
    );
}

pub(super) async fn leaves_upgrades_alone<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, _) = build(contract, Answer::Upgrade);
    let response = call(&mut service, (contract.request)())
        .await
        .expect("contract: no error");
    assert_eq!(
        response.status(),
        StatusCode::SWITCHING_PROTOCOLS,
        "contract: a 101 stays a 101"
    );
    assert_eq!(
        response.headers()["upgrade"],
        "echo",
        "contract: a 101 keeps its headers"
    );
    assert_eq!(
        response.extensions().get(),
        Some(&Marker(2)),
        "contract: a 101 keeps its extensions, or the upgrade is lost"
    );
    assert!(
        response.body().is_end_stream(),
        "contract: a 101 has no body"
    );
}

pub(super) async fn forwards_frames_exactly<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, counters) = build(contract, Answer::Stream);
    let response = call(&mut service, (contract.request)())
        .await
        .expect("contract: no error");
    expect_pass(&response);
    let headers = response.headers();
    assert_eq!(
        headers["x-saw-bytes"], "4",
        "contract: the request body reaches the inner service"
    );
    assert_eq!(
        headers["x-saw-trailers"], "1",
        "contract: request trailers are forwarded"
    );
    assert_eq!(
        headers["x-saw-marker"], "1",
        "contract: request extensions are kept"
    );
    let marker = response.extensions().get();
    assert_eq!(
        marker,
        Some(&Marker(2)),
        "contract: response extensions are kept"
    );
    read_exactly(response.into_body()).await;
    assert_eq!(
        counters.live(),
        0,
        "contract: nothing lives on after the end of the stream"
    );
}

/// Compares hints with what really comes, frame by frame.
async fn read_exactly(body: Body) {
    let total = 11_u64;
    let mut left = total;
    let mut trailers = 0;
    let mut body = pin!(body);
    loop {
        let hint = body.size_hint();
        assert!(
            hint.lower() <= left,
            "contract: size_hint promises more than comes"
        );
        if let Some(upper) = hint.upper() {
            assert!(upper >= left, "contract: size_hint excludes what comes");
        }
        let over = left == 0 && trailers == 1;
        assert!(
            over || !body.is_end_stream(),
            "contract: is_end_stream before the last frame"
        );
        let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await else {
            break;
        };
        match frame.expect("contract: the body does not fail").into_data() {
            Ok(data) => left -= data.len() as u64,
            Err(frame) => trailers += usize::from(frame.is_trailers()),
        }
    }
    assert_eq!(left, 0, "contract: data frames are forwarded");
    assert_eq!(trailers, 1, "contract: response trailers are forwarded");
}

pub(super) async fn releases_on_cancellation<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, counters) = build(contract, Answer::Stream);
    for _ in 0..contract.times {
        ready(&mut service.clone()).await;
        ready(&mut service).await;
        drop(service.call((contract.request)()));
        cancel_midway(&mut service, contract.request).await;
        let response = call(&mut service, (contract.request)())
            .await
            .expect("contract: no error");
        expect_pass(&response);
        drop(response);
    }
    assert_eq!(
        counters.live(),
        0,
        "contract: a cancelled request releases the inner service"
    );
    let (mut hanging, counters) = build(contract, Answer::Hang);
    cancel_midway(&mut hanging, contract.request).await;
    assert_eq!(
        counters.live(),
        0,
        "contract: a cancelled future releases the inner future"
    );
}

/// Polls three times, then drops.
async fn cancel_midway<S: Subject>(service: &mut S, request: fn() -> Request) {
    ready(service).await;
    let mut future = Box::pin(service.call(request()));
    for _ in 0..3 {
        let over = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if over {
            return;
        }
    }
}

pub(super) async fn clones_little<F, L>(contract: &Contract<F>)
where
    F: Fn() -> L,
    L: Layer<Inner, Service: Subject>,
{
    let (mut service, counters) = build(contract, Answer::Stream);
    let before = counters.clones();
    let response = call(&mut service, (contract.request)())
        .await
        .expect("contract: no error");
    expect_pass(&response);
    let clones = counters.clones() - before;
    assert!(
        clones <= contract.clones,
        "contract: one request clones the inner service {clones} times, {} allowed",
        contract.clones
    );
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;
    use crate::service::BodyLayer;

    crate::contract!(body_layer, BodyLayer::new(), clones = 0);

    /// Breaks the first rule: it calls a fresh clone.
    #[derive(Clone)]
    struct CallsAClone<S>(S);

    impl<S: Service<Request> + Clone> Service<Request> for CallsAClone<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: Request) -> S::Future {
            self.0.clone().call(request)
        }
    }

    #[test]
    #[should_panic(expected = "without having been polled ready")]
    fn calling_a_clone_is_found() {
        Contract::new(|| tower::layer::layer_fn(CallsAClone)).check();
    }

    #[test]
    #[should_panic(expected = "trailers are forwarded")]
    fn losing_trailers_is_found() {
        use http_body_util::BodyExt as _;
        use tower::ServiceBuilder;
        let layer = ServiceBuilder::new()
            .map_response(|response: Response| {
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    return response;
                }
                response.map(|body| {
                    let data = body.into_data_stream();
                    let frames =
                        futures_util::StreamExt::map(data, |data| data.map(http_body::Frame::data));
                    Body::new(http_body_util::StreamBody::new(frames))
                })
            })
            .into_inner();
        Contract::new(|| layer.clone()).check();
    }
}
