use std::{sync::Arc, time::Duration};

use gateway_core::Key;
use http::HeaderName;
use tower_layer::Layer;

use super::{
    Cache, CacheHandle, MemoryStore, Store, flight::Flights, key::KeyRules, policy::Rules,
    refresh::Refreshes, service::Shared, state::State, stats::Counters,
};

/// Applies [`Cache`].
///
/// See the [module docs](crate::cache) for an example. The store belongs to the layer: services
/// made by one layer, and its clones, share it.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct CacheLayer {
    options: Options,
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Options {
    store: Arc<dyn Store>,
    rules: Rules,
    keys: KeyRules,
    name: Box<str>,
    tags: Vec<Box<str>>,
    wait: Duration,
    refreshes: usize,
    refresh_timeout: Duration,
}

impl CacheLayer {
    /// Keeps at most `capacity` bytes in memory, and nothing larger than 1 MiB or a quarter of the
    /// capacity.
    pub fn memory(capacity: u64) -> Self {
        let largest = usize::try_from(capacity / 4).unwrap_or(usize::MAX);
        Self::new(MemoryStore::new(capacity)).max_entry(largest.min(MAX_ENTRY))
    }

    /// Keeps responses in `store`; a [`MemoryStore`] that is cloned into several layers is shared
    /// by them, and survives them.
    pub fn new(store: impl Store) -> Self {
        let options = Options {
            store: Arc::new(store),
            rules: Rules {
                default_ttl: None,
                heuristic_cap: None,
                stale_while_revalidate: Duration::ZERO,
                stale_if_error: Duration::ZERO,
                store_set_cookie: false,
                max_entry: MAX_ENTRY,
            },
            keys: KeyRules::default(),
            name: "gateway".into(),
            tags: Vec::new(),
            wait: Duration::from_secs(10),
            refreshes: 64,
            refresh_timeout: Duration::from_secs(30),
        };
        let shared = options.build();
        Self { options, shared }
    }

    fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.options);
        self.shared = self.options.build();
        self
    }

    /// How long a response is fresh whose origin does not say.
    ///
    /// It applies to responses with status 200, 203, 204, 300, 301 or 308 that have neither
    /// `max-age`, `s-maxage`, `Expires` nor `no-cache`, and to requests without `Cookie` and without
    /// credentials – unless the response is `public` or the partition keeps callers apart. It never
    /// overrides what an origin does say. Defaults to none: such responses are not stored.
    pub fn ttl(self, ttl: Duration) -> Self {
        self.with(|options| options.rules.default_ttl = Some(ttl))
    }

    /// Whether to take a tenth of the time since `Last-Modified`, at most a day, as the lifetime of
    /// a response whose origin does not say (RFC 9111 §4.2.2), under the same conditions as
    /// [`ttl`](Self::ttl) but for the statuses of RFC 9110 §15.1.
    /// Defaults to `false`.
    pub fn heuristic(self, heuristic: bool) -> Self {
        let cap = Duration::from_secs(24 * 60 * 60);
        self.with(|options| options.rules.heuristic_cap = heuristic.then_some(cap))
    }

    /// For how long after its lifetime a response is still served while it is refreshed behind the
    /// answer (RFC 5861 §3), if the origin does not say. `must-revalidate`, `proxy-revalidate` and
    /// `s-maxage` keep it at nothing. Defaults to nothing.
    pub fn stale_while_revalidate(self, grace: Duration) -> Self {
        self.with(|options| options.rules.stale_while_revalidate = grace)
    }

    /// For how long after its lifetime a response stands in for an origin that fails or answers 500,
    /// 502, 503 or 504 (RFC 5861 §4), if the origin does not say. `must-revalidate`,
    /// `proxy-revalidate` and `s-maxage` keep it at nothing. Defaults to nothing.
    pub fn stale_if_error(self, grace: Duration) -> Self {
        self.with(|options| options.rules.stale_if_error = grace)
    }

    /// Stores what is told apart by `key`. With one that names the caller, such as [`Key::Subject`],
    /// answers to credentials are stored, each for its caller alone. Defaults to none.
    pub fn partition(self, key: Key) -> Self {
        self.with(|options| options.keys.partition = Some(key))
    }

    /// Makes a request header part of the key, for origins that forget `Vary`. Defaults to
    /// `X-Forwarded-Host`, `-Port` and `-Proto`, which stay.
    pub fn key_header(self, name: HeaderName) -> Self {
        self.with(|options| options.keys.headers.push(name))
    }

    /// The longest content that is stored; longer responses are streamed and not stored.
    /// Defaults to 1 MiB.
    pub fn max_entry(self, bytes: usize) -> Self {
        self.with(|options| options.rules.max_entry = bytes)
    }

    /// Whether responses with `Set-Cookie` are stored, cookie included. Each client then gets the
    /// cookie of the first one, which is right for cookies that mean nothing. Defaults to `false`.
    pub fn store_set_cookie(self, store: bool) -> Self {
        self.with(|options| options.rules.store_set_cookie = store)
    }

    /// Tags all responses, beside the tags the origin gives in `Cache-Tag` and `Surrogate-Key`.
    /// Defaults to no tags.
    pub fn tag(self, tag: impl Into<Box<str>>) -> Self {
        let tag = tag.into();
        self.with(|options| options.tags.push(tag))
    }

    /// The name of this cache in `Cache-Status`; what cannot be a token there is left out.
    /// Defaults to `gateway`.
    pub fn name(self, name: &str) -> Self {
        let name: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "-_.*".contains(*c))
            .collect();
        self.with(|options| options.name = name.into())
    }

    /// How long a request waits for another one's answer before it asks the origin itself.
    /// Defaults to 10 seconds.
    pub fn collapse_timeout(self, wait: Duration) -> Self {
        self.with(|options| options.wait = wait)
    }

    /// How many refreshes run at once behind answers. Beyond that, stale responses are served
    /// without a refresh until their grace is over. Defaults to 64.
    pub fn max_refreshes(self, most: usize) -> Self {
        self.with(|options| options.refreshes = most)
    }

    /// How long a refresh behind an answer may take. Defaults to 30 seconds.
    pub fn refresh_timeout(self, longest: Duration) -> Self {
        self.with(|options| options.refresh_timeout = longest)
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// A handle to look into the cache and to purge it. Its counters are those of this layer as it
    /// is now: take it after the last setter.
    #[must_use]
    pub fn handle(&self) -> CacheHandle {
        CacheHandle::new(Arc::clone(&self.shared.state))
    }
}

impl Options {
    fn build(&self) -> Arc<Shared> {
        let state = State {
            store: Arc::clone(&self.store),
            rules: self.rules.clone(),
            keys: self.keys.clone(),
            name: self.name.clone(),
            tags: self.tags.clone(),
            wait: self.wait,
            flights: Arc::new(Flights::new()),
            counters: Counters::default(),
        };
        Arc::new(Shared {
            state: Arc::new(state),
            refreshes: Refreshes::new(self.refreshes, self.refresh_timeout),
        })
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Cache::new(inner, Arc::clone(&self.shared))
    }
}

const MAX_ENTRY: usize = 1 << 20;
