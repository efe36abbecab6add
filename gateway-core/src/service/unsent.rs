use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::Extensions;

use crate::Request;

/// A request of which nothing was sent, given back in the extensions of the refusal.
///
/// A leaf that could not even connect still has the whole request, body unread. Whoever can try
/// elsewhere – a balancer, a retry – takes it from the refusal and needs no copy of the body, and
/// since nothing was sent the method does not matter. Nobody else need know of it.
///
/// ```
/// use gateway_core::{Body, Request, Response, service::Unsent};
///
/// let mut refusal = Response::new(Body::empty());
/// refusal.extensions_mut().insert(Unsent::new(Request::default()));
///
/// assert!(Unsent::take(refusal.extensions_mut()).is_some());
/// assert!(Unsent::take(refusal.extensions_mut()).is_none());
/// ```
#[derive(Clone)]
pub struct Unsent {
    // Extensions must be `Clone + Sync`; a body is neither.
    request: Arc<Mutex<Option<Box<Request>>>>,
}

impl Unsent {
    /// Gives `request` back.
    #[must_use]
    pub fn new(request: impl Into<Box<Request>>) -> Self {
        Self {
            request: Arc::new(Mutex::new(Some(request.into()))),
        }
    }

    /// Takes the request out of the extensions of a refusal, if it is there.
    #[must_use]
    pub fn take(extensions: &mut Extensions) -> Option<Box<Request>> {
        let unsent = extensions.remove::<Self>()?;
        let mut request = unsent
            .request
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        request.take()
    }
}

impl fmt::Debug for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent").finish_non_exhaustive()
    }
}
