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
