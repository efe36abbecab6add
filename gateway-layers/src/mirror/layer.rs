use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{BoxError, Request, SharedService};
use http::Method;
use http_body::Body as HttpBody;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Mirror, Mirrored, OnMirrored,
    service::Shared,
    tasks::{Ledger, Tasks},
};

/// Sends a copy of some requests elsewhere and drops the answers.
///
/// See the [module docs](crate::mirror) for an example.
#[derive(Clone)]
pub struct MirrorLayer {
    target: SharedService,
    settings: Settings,
    hook: Arc<dyn OnMirrored>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) share: f64,
    pub(super) methods: Vec<Method>,
    pub(super) max_body: usize,
    pub(super) max_in_flight: usize,
    pub(super) max_answer: usize,
    pub(super) timeout: Duration,
}

impl MirrorLayer {
    /// Mirrors all GET and HEAD requests to `target`.
    pub fn new<S, B>(target: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            target: SharedService::new(target),
            settings: Settings {
                share: 1.0,
                methods: vec![Method::GET, Method::HEAD],
                max_body: 64 * 1024,
                max_in_flight: 100,
                max_answer: 1024 * 1024,
                timeout: Duration::from_secs(10),
            },
            hook: Arc::new(|_: Mirrored| {}),
        }
    }

    /// The share of the requests that are mirrored, from 0 to 1, by chance. Defaults to 1.
    #[must_use]
    pub const fn share(mut self, share: f64) -> Self {
        self.settings.share = share;
        self
    }

    /// The methods that are mirrored. Defaults to GET and HEAD.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.settings.methods = methods.into_iter().collect();
        self
    }

    /// How long a body may be to be mirrored. Defaults to 64 KiB.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How many copies there may be at a time. Defaults to 100.
    #[must_use]
    pub const fn max_in_flight(mut self, most: usize) -> Self {
        self.settings.max_in_flight = most;
        self
    }

    /// How much of an answer is read before it is dropped. Defaults to 1 MiB.
    #[must_use]
    pub const fn max_answer(mut self, bytes: usize) -> Self {
        self.settings.max_answer = bytes;
        self
    }

    /// How long a copy may take, to the end of its answer. Defaults to 10 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Who hears how each copy ended. Defaults to nobody.
    #[must_use]
    pub fn on_end(mut self, hook: impl OnMirrored) -> Self {
        self.hook = Arc::new(hook);
        self
    }
}

impl<S> Layer<S> for MirrorLayer {
    type Service = Mirror<S>;

    /// Each service has copies in flight of its own; its clones share them.
    fn layer(&self, inner: S) -> Mirror<S> {
        Mirror {
            inner,
            shared: Arc::new(Shared {
                target: self.target.clone(),
                settings: self.settings.clone(),
                tasks: Tasks::default(),
                ledger: Arc::new(Ledger::new(Arc::clone(&self.hook))),
                random: AtomicU64::new(0),
            }),
        }
    }
}

impl fmt::Debug for MirrorLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
