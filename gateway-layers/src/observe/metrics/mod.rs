//! Prometheus metrics with bounded labels and handles resolved once per route.

#[cfg(feature = "balance")]
mod endpoints;
mod handles;
mod slots;
mod watched;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use gateway_core::{Upstream, Usage};
use prometheus_client::{
    metrics::{
        counter::Counter as RawCounter, family::Family, gauge::Gauge as RawGauge,
        histogram::Histogram,
    },
    registry::Registry,
};

use self::handles::{Families, ModelHandles, RouteHandles, UpstreamHandles};
use super::{AccessLog, Record};

type Labels = Vec<(&'static str, String)>;

/// The metrics of a gateway, and the text a Prometheus server reads.
///
/// Cloning shares them. Labels come from the author of the configuration – routes, upstreams,
/// models – and from closed sets – methods, statuses, codes; never from paths, keys or users. What
/// is beyond the bound of a label is counted under `other`.
///
/// | metric | labels |
/// |---|---|
/// | `gateway_requests_total` | `route`, `method`, `status` |
/// | `gateway_request_duration_seconds` | `route` |
/// | `gateway_in_flight` | – |
/// | `gateway_request_bytes_total`, `gateway_response_bytes_total` | `route` |
/// | `gateway_refusals_total` | `route`, `reason` |
/// | `gateway_cache_requests_total` | `route`, `outcome` |
/// | `gateway_split_total` | `route`, `target` |
/// | `gateway_ai_requests_total` | `route`, `client` |
/// | `gateway_ai_proofs_total` | `route`, `outcome` |
/// | `gateway_ai_cache_prefix_lost_total` | `route`, `reason` |
/// | `gateway_ai_lossy_total` | `route`, `kind` |
/// | `gateway_upstream_requests_total`, `gateway_upstream_attempts_total` | `upstream` |
/// | `gateway_upstream_first_byte_seconds` | `upstream` |
/// | `gateway_tokens_total` | `model`, `kind` |
/// | `gateway_ai_usage_discrepancies_total` | `model` |
/// | `gateway_cost_micro_usd_total` | `model` |
/// | `gateway_access_log_dropped_total` | – |
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Mutex<Registry>,
    families: Families,
    in_flight: RawGauge,
    lost_lines: Counter,
    named: Mutex<HashMap<&'static str, CounterFamily>>,
    routes: Table<RouteHandles>,
    upstreams: Table<UpstreamHandles>,
    models: Table<ModelHandles>,
}

/// Handles by name. A read lock and one hash per request; the write lock once per name.
struct Table<H> {
    by_name: RwLock<HashMap<Box<str>, H, foldhash::fast::RandomState>>,
}

impl<H> Table<H> {
    fn new() -> Self {
        Self {
            by_name: RwLock::default(),
        }
    }

    /// Counts under the lock, which takes a few instructions and allocates nothing.
    fn with(&self, name: &str, make: impl FnOnce(&str) -> H, count: impl FnOnce(&H)) {
        let read = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handles) = read.get(name) {
            count(handles);
            return;
        }
        drop(read);
        let mut write = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let name = if write.len() < MAX_NAMES { name } else { OTHER };
        let entry = write.entry(name.into());
        count(entry.or_insert_with(|| make(name)));
    }
}

impl Metrics {
    /// Metrics that start at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("gateway");
        let families = Families::register(&mut registry);
        let in_flight = RawGauge::default();
        registry.register(
            "in_flight",
            "Requests whose answer has not ended",
            in_flight.clone(),
        );
        let lost_lines = Counter {
            inner: RawCounter::default(),
        };
        registry.register(
            "access_log_dropped",
            "Lines of the access log that were lost",
            lost_lines.inner.clone(),
        );
        Self {
            shared: Arc::new(Shared {
                lost_lines,
                named: Mutex::default(),
                registry: Mutex::new(registry),
                families,
                in_flight,
                routes: Table::new(),
                upstreams: Table::new(),
                models: Table::new(),
            }),
        }
    }

    /// Adds a counter of the application, `gateway_NAME_total`.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        let counter = RawCounter::default();
        self.registry(|registry| registry.register(name, help, counter.clone()));
        Counter { inner: counter }
    }

    /// Adds a counter of the application with labels, or gives the one that is there:
    /// `gateway_NAME_total{…}`.
    ///
    /// Values of labels must come from the author of the configuration or from a closed set.
    #[must_use]
    pub fn labelled_counter(
        &self,
        name: &'static str,
        help: &str,
        labels: &[(&'static str, &str)],
    ) -> Counter {
        let mut named = self
            .shared
            .named
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let family = named.entry(name).or_insert_with(|| {
            let family = CounterFamily::default();
            self.registry(|registry| registry.register(name, help, family.clone()));
            family
        });
        let labels = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Counter {
            inner: family.get_or_create_owned(&labels.collect()),
        }
    }

    /// Adds a gauge of the application, `gateway_NAME`.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        let gauge = RawGauge::default();
        self.registry(|registry| registry.register(name, help, gauge.clone()));
        Gauge { inner: gauge }
    }

    /// Counts a call of an upstream that is not the request an observer sees: a part of it, or a copy.
    ///
    /// ```
    /// use gateway_core::{Upstream, Usage};
    /// use gateway_layers::observe::Metrics;
    ///
    /// let metrics = Metrics::new();
    /// metrics.count_upstream(&Upstream::new("shop".into(), "http://10.0.0.1".into()));
    /// let counted = "gateway_upstream_requests_total{upstream=\"shop\"} 1";
    /// assert!(metrics.encode().contains(counted));
    /// ```
    pub fn count_upstream(&self, upstream: &Upstream) {
        let make = |name: &str| UpstreamHandles::new(&self.shared.families, name);
        let upstreams = &self.shared.upstreams;
        upstreams.with(upstream.name(), make, |handles| handles.observe(upstream));
    }

    /// Counts the lines `log` loses.
    pub fn watch(&self, log: &AccessLog) {
        log.count_losses(self.shared.lost_lines.clone());
    }

    /// The metrics in the OpenMetrics text format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        self.registry(|registry| {
            prometheus_client::encoding::text::encode(&mut text, registry)
                .expect("a string takes all text");
        });
        text
    }

    /// The media type of [`encode`](Self::encode).
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    fn registry<T>(&self, with: impl FnOnce(&mut Registry) -> T) -> T {
        with(
            &mut self
                .shared
                .registry
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// A request has begun, and [leaves](Self::leave) when it was observed.
    pub(super) fn enter(&self) {
        self.shared.in_flight.inc();
    }

    pub(super) fn leave(&self) {
        self.shared.in_flight.dec();
    }

    pub(super) fn observe(&self, record: &Record<'_>) {
        let shared = &self.shared;
        let families = &shared.families;
        let make = |name: &str| RouteHandles::new(families, name);
        let count = |route: &RouteHandles| route.observe(families, record);
        shared.routes.with(record.route(), make, count);
        if let Some(upstream) = &record.outcome.upstream {
            self.count_upstream(upstream);
        }
        if let (Some(model), Some(usage)) = (&record.outcome.model, &record.outcome.usage) {
            self.count_model(model, usage);
        }
        for (model, usage) in &record.outcome.others {
            self.count_model(model, usage);
        }
    }

    fn count_model(&self, model: &str, usage: &Usage) {
        let make = |name: &str| ModelHandles::new(&self.shared.families, name);
        let models = &self.shared.models;
        models.with(model, make, |handles| handles.observe(usage));
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A number that only grows, from [`Metrics::counter`].
#[derive(Clone, Debug)]
pub struct Counter {
    inner: RawCounter,
}

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.inner.inc();
    }

    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.inner.inc_by(count);
    }
}

/// A number that goes up and down, from [`Metrics::gauge`].
#[derive(Clone, Debug)]
pub struct Gauge {
    inner: RawGauge,
}

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.inner.set(value);
    }

    /// Adds `value`, which may be negative.
    pub fn add(&self, value: i64) {
        self.inner.inc_by(value);
    }
}

fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}

/// The boundaries OpenTelemetry advises for `http.server.request.duration`.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// How many routes, upstreams and models have labels of their own.
const MAX_NAMES: usize = 20_000;
const OTHER: &str = "other";

type CounterFamily = Family<Labels, RawCounter>;
type HistogramFamily = Family<Labels, Histogram, fn() -> Histogram>;
