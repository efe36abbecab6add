//! Callers that wait for their turn.

use super::*;

fn queue(max_wait: u64, max_depth: usize) -> RateLimitLayer {
    limiter(1).mode(Mode::Queue {
        max_wait: Duration::from_secs(max_wait),
        max_depth,
    })
}

#[tokio::test(start_paused = true)]
async fn queued_requests_pass_in_turn_and_the_late_are_refused_at_once() {
    let layer = queue(3, 100);
    let start = Instant::now();
    let calls = (0..6).map(|_| async {
        let response = call(&layer, Request::new(())).await;
        (response.status().as_u16(), start.elapsed().as_secs())
    });
    let answers = join_all(calls).await;
    assert_eq!(
        answers,
        [(200, 0), (200, 1), (200, 2), (200, 3), (429, 0), (429, 0)]
    );
    assert_eq!(layer.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_depth() {
    let layer = queue(60, 2);
    let start = Instant::now();
    let calls = (0..4).map(|_| call(&layer, Request::new(())));
    let answers = join_all(calls).await;
    let codes: Vec<_> = answers
        .iter()
        .map(|response| response.status().as_u16())
        .collect();
    assert_eq!(codes, [200, 200, 200, 429]);
    let error = answers[3].extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::QueueTimeout);
    // What the refused one had taken ahead was given back: the next waits one second, not two.
    assert_eq!(start.elapsed().as_secs(), 2);
    call(&layer, Request::new(())).await;
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_gives_the_place_and_the_tokens_back() {
    let layer = queue(1, 1);
    call(&layer, Request::new(())).await;
    {
        let mut gone = pin!(call(&layer, Request::new(())));
        assert!(poll!(&mut gone).is_pending());
        assert_eq!(layer.queued(), 1);
        assert_eq!(call(&layer, Request::new(())).await.status(), 429);
    }
    assert_eq!(layer.queued(), 0);
    let start = Instant::now();
    assert_eq!(call(&layer, Request::new(())).await.status(), 200);
    assert_eq!(start.elapsed().as_secs(), 1);
}
