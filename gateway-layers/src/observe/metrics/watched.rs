use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::{Labels, MAX_NAMES, Metrics};

impl Metrics {
    /// Adds a gauge of the application, `gateway_NAME`, of which `source` is asked for the values and
    /// their labels each time the metrics are read.
    ///
    /// ```
    /// use gateway_layers::observe::Metrics;
    ///
    /// let metrics = Metrics::new();
    /// metrics.watch_gauge("queue_length", "Jobs that wait", || {
    ///     vec![(vec![("queue", "mail".to_owned())], 7)]
    /// });
    /// assert!(metrics.encode().contains("gateway_queue_length{queue=\"mail\"} 7"));
    /// ```
    pub fn watch_gauge(
        &self,
        name: &'static str,
        help: &'static str,
        source: impl Fn() -> Vec<(Vec<(&'static str, String)>, i64)> + Send + Sync + 'static,
    ) {
        let watched = Watched {
            name,
            help,
            kind: MetricType::Gauge,
            source: Box::new(source),
        };
        self.registry(|registry| registry.register_collector(Box::new(watched)));
    }

    /// Adds a counter of the application, `gateway_NAME_total`, as
    /// [`watch_gauge`](Self::watch_gauge) adds a gauge.
    pub fn watch_counter(
        &self,
        name: &'static str,
        help: &'static str,
        source: impl Fn() -> Vec<(Vec<(&'static str, String)>, u64)> + Send + Sync + 'static,
    ) {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let watched = Watched {
            name,
            help,
            kind: MetricType::Counter,
            source: Box::new(move || {
                let counts = source().into_iter();
                counts
                    .map(|(labels, count)| (labels, signed(count)))
                    .collect()
            }),
        };
        self.registry(|registry| registry.register_collector(Box::new(watched)));
    }
}

struct Watched {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    source: Box<dyn Fn() -> Vec<(Labels, i64)> + Send + Sync>,
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let values = (self.source)();
        if values.is_empty() {
            return Ok(());
        }
        let mut family = encoder.encode_descriptor(self.name, self.help, None, self.kind)?;
        for (labels, value) in values.into_iter().take(MAX_NAMES) {
            let encoder = family.encode_family(&labels)?;
            match (self.kind, u64::try_from(value)) {
                (MetricType::Counter, Ok(count)) => ConstCounter::new(count).encode(encoder)?,
                _ => ConstGauge::new(value).encode(encoder)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
