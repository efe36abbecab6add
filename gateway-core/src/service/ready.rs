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
