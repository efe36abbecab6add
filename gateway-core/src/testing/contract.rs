use std::fmt;

use tower_layer::Layer;
use tower_service::Service;

use super::{
    bodies, checks,
    inner::{Inner, InnerError, Marker},
};
use crate::{Request, Response};

/// The checks of one layer; see [`contract!`](crate::contract).
pub struct Contract<F> {
    pub(super) make: F,
    pub(super) request: fn() -> Request,
    pub(super) clones: usize,
    pub(super) times: usize,
}

impl<F, L> Contract<F>
where
    F: Fn() -> L,
    L: Layer<Inner>,
    L::Service:
        Service<Request, Response = Response, Error = InnerError> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Future: Send,
{
    /// The contract of the layer that `make` makes. Each check makes a layer of its own.
    #[must_use]
    pub fn new(make: F) -> Self {
        Self {
            make,
            request: default_request,
            clones: 1,
            times: 64,
        }
    }

    /// A request the layer lets pass. Its body must be `ping` in two frames with trailers for the
    /// body checks to mean anything; start from [`Contract::default_request`].
    ///
    /// Defaults to `POST /contract`.
    #[must_use]
    pub const fn request(mut self, request: fn() -> Request) -> Self {
        self.request = request;
        self
    }

    /// How often one request may clone the inner service. Defaults to 1.
    #[must_use]
    pub const fn clones(mut self, clones: usize) -> Self {
        self.clones = clones;
        self
    }

    /// How many requests are cancelled before one must still pass: more than any limit the layer
    /// has. Defaults to 64.
    #[must_use]
    pub const fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Runs all checks on a current-thread runtime with a paused clock.
    ///
    /// # Panics
    ///
    /// If the layer breaks the contract; the message names the rule.
    pub fn check(self)
    where
        L: Send + Sync + Clone + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a current-thread runtime needs nothing from the system");
        runtime.block_on(async {
            checks::passes_three_times_and_concurrently(&self).await;
            checks::keeps_the_inner_error(&self).await;
            checks::leaves_upgrades_alone(&self).await;
            checks::forwards_frames_exactly(&self).await;
            checks::releases_on_cancellation(&self).await;
            checks::clones_little(&self).await;
        });
    }
}

/// `POST /contract` with a two-frame body, trailers and a [`Marker`].
fn default_request() -> Request {
    let body = bodies::frames(&["pi", "ng"], Some(bodies::trailers()));
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/contract");
    request
        .headers_mut()
        .insert("host", http::HeaderValue::from_static("example.com"));
    request.extensions_mut().insert(Marker(1));
    request
}

impl Contract<()> {
    /// The request of the checks unless one is set: `POST /contract`, body `ping` in two frames,
    /// trailers, and a [`Marker`] in the extensions.
    #[must_use]
    pub fn default_request() -> Request {
        default_request()
    }
}

impl<F> fmt::Debug for Contract<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("clones", &self.clones)
            .finish_non_exhaustive()
    }
}
