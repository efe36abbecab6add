use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::{Labels, MAX_NAMES, Metrics};
use crate::balance::EndpointStatus;

impl Metrics {
    /// Measures the endpoints of balancers. `source` is asked for them by name of the upstream each
    /// time the metrics are read, so that requests pay nothing for it and what is gone is gone.
    ///
    /// | metric | labels |
    /// |---|---|
    /// | `gateway_upstream_endpoint_healthy`, `gateway_upstream_endpoint_in_flight` | `upstream`, `endpoint` |
    /// | `gateway_upstream_ejections_total` | `upstream`, `reason` |
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gateway_layers::{balance::{Balance, Endpoint}, observe::Metrics};
    ///
    /// let shop = Balance::new("shop", [Endpoint::new("a", ())]);
    /// let metrics = Metrics::new();
    /// metrics.watch_endpoints(move || vec![(Arc::from("shop"), shop.status())]);
    /// let healthy = "gateway_upstream_endpoint_healthy{upstream=\"shop\",endpoint=\"a\"} 1";
    /// assert!(metrics.encode().contains(healthy));
    /// ```
    pub fn watch_endpoints(
        &self,
        source: impl Fn() -> Vec<(Arc<str>, Vec<EndpointStatus>)> + Send + Sync + 'static,
    ) {
        let endpoints = Endpoints {
            source: Box::new(source),
        };
        self.registry(|registry| registry.register_collector(Box::new(endpoints)));
    }
}

struct Endpoints {
    source: Box<dyn Fn() -> Vec<(Arc<str>, Vec<EndpointStatus>)> + Send + Sync>,
}

impl Collector for Endpoints {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let upstreams = (self.source)();
        let gauges: [(&str, &str, fn(&EndpointStatus) -> i64); 2] = [
            (
                "upstream_endpoint_healthy",
                "Whether an endpoint gets requests",
                |status| i64::from(status.is_available()),
            ),
            (
                "upstream_endpoint_in_flight",
                "Requests under way at an endpoint",
                |status| i64::try_from(status.active).unwrap_or(i64::MAX),
            ),
        ];
        for (name, help, value) in gauges {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (upstream, endpoint) in each(&upstreams).take(MAX_NAMES) {
                let labels = labels(upstream, "endpoint", &endpoint.name);
                let gauge = ConstGauge::new(value(endpoint));
                gauge.encode(family.encode_family(&labels)?)?;
            }
        }
        let (name, help) = ("upstream_ejections", "Endpoints that were left alone");
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (upstream, endpoints) in upstreams.iter().take(MAX_NAMES) {
            for (reason, count) in ejections(endpoints) {
                let labels = labels(upstream, "reason", reason);
                let counter = ConstCounter::new(count);
                counter.encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

fn each(
    upstreams: &[(Arc<str>, Vec<EndpointStatus>)],
) -> impl Iterator<Item = (&Arc<str>, &EndpointStatus)> {
    let each = upstreams.iter();
    each.flat_map(|(name, endpoints)| endpoints.iter().map(move |endpoint| (name, endpoint)))
}

/// The sums over the endpoints, by reason.
fn ejections(endpoints: &[EndpointStatus]) -> Vec<(&'static str, u64)> {
    let Some(first) = endpoints.first() else {
        return Vec::new();
    };
    let reasons = first.ejections.iter().enumerate();
    let summed = reasons.map(|(index, (reason, _))| {
        let counts = endpoints.iter().map(|endpoint| endpoint.ejections[index].1);
        (reason.as_str(), counts.sum())
    });
    summed.collect()
}

fn labels(upstream: &str, name: &'static str, value: &str) -> Labels {
    vec![("upstream", upstream.to_owned()), (name, value.to_owned())]
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::{Balance, Blocked, Endpoint};

    #[test]
    fn endpoints_are_there_while_they_are() {
        let shop = Balance::new("shop", [Endpoint::new("a", ()), Endpoint::new("b", ())]);
        let metrics = Metrics::new();
        let source = shop.clone();
        metrics.watch_endpoints(move || vec![(Arc::from("shop"), source.status())]);
        shop.endpoints()[1].set_blocked(Blocked::Unhealthy, true);
        let text = metrics.encode();
        for line in [
            "gateway_upstream_endpoint_healthy{upstream=\"shop\",endpoint=\"a\"} 1\n",
            "gateway_upstream_endpoint_healthy{upstream=\"shop\",endpoint=\"b\"} 0\n",
            "gateway_upstream_endpoint_in_flight{upstream=\"shop\",endpoint=\"a\"} 0\n",
            "gateway_upstream_ejections_total{upstream=\"shop\",reason=\"success_rate\"} 0\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        shop.replace([Endpoint::new("c", ())]);
        let text = metrics.encode();
        assert!(!text.contains("endpoint=\"a\"") && text.contains("endpoint=\"c\""));
    }
}
