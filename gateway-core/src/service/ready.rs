use std::task::{Context, Poll, Waker};

use tower_service::Service;

/// Moves the service that was polled ready out, and leaves a fresh clone in its place.
///
/// Readiness belongs to the instance that was polled (see `tower_service::Service::call`). A
/// middleware that must wait before it calls therefore takes *that* instance into its future;
/// calling a clone instead bypasses the limits of whatever is inside, or panics there.
#[must_use = "the returned service is the one that is ready"]
pub fn take_ready<S: Clone>(inner: &mut S) -> S {
    let fresh = inner.clone();
    std::mem::replace(inner, fresh)
}

/// A clone that must be polled ready before it is called.
///
/// For a middleware that waits for the *client* first, such as one that reads the request's body:
/// it drops the service it was made ready with, so that a slow client holds no place inside, and
/// polls this clone ready when there is something to send.
#[must_use = "poll it ready before you call it"]
pub fn unready<S: Clone>(inner: &S) -> S {
    inner.clone()
}

/// Whether `service` is ready as it stands. Nobody is woken for it: whoever is told `Pending` polls it
/// again with a waker.
///
/// For a middleware that calls a clone of its own from within its `call`. Most services are always
/// ready, and what is called at once need not wait in a future, with its request beside it.
///
/// # Errors
///
/// What the service fails with.
pub fn ready_now<S: Service<R>, R>(service: &mut S) -> Poll<Result<(), S::Error>> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use tower::ServiceExt as _;

    use crate::{
        Request, SharedService,
        testing::{Answer, Inner},
    };

    /// [`Inner`] is ready when it is asked twice.
    #[tokio::test]
    async fn what_is_not_ready_is_waited_for() {
        let inner = Inner::new(Answer::Stream).map_err(|error| unreachable!("{error}"));
        let shared = SharedService::new(inner);
        let Ok(response) = shared.oneshot(Request::default()).await;
        assert_eq!(response.status(), 200);
    }
}
