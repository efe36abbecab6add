use gateway_core::{CacheOutcome, PrefixLost, Upstream, Usage};
use http::Method;
use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{CounterFamily, HistogramFamily, Labels, OTHER, Table, seconds, slots::Slots};
use crate::observe::Record;

/// Everything with labels.
pub(super) struct Families {
    requests: CounterFamily,
    duration: HistogramFamily,
    request_bytes: CounterFamily,
    response_bytes: CounterFamily,
    refusals: CounterFamily,
    cache: CounterFamily,
    split: CounterFamily,
    clients: CounterFamily,
    proofs: CounterFamily,
    prefix_lost: CounterFamily,
    lossy: CounterFamily,
    upstream_requests: CounterFamily,
    upstream_attempts: CounterFamily,
    upstream_first_byte: HistogramFamily,
    tokens: CounterFamily,
    disagreements: CounterFamily,
    cost: CounterFamily,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let mut counter = |name: &str, help: &str| {
            let family = CounterFamily::default();
            registry.register(name, help, family.clone());
            family
        };
        let requests = counter("requests", "Requests that were answered");
        let request_bytes = counter("request_bytes", "Bytes of request bodies");
        let response_bytes = counter("response_bytes", "Bytes of response bodies");
        let refusals = counter("refusals", "Answers the gateway made itself, by code");
        let cache = counter("cache_requests", "Requests by what the cache did");
        let split = counter("split", "Requests by the target a split chose");
        let clients = counter("ai_requests", "Calls of models by the kind of client");
        let proofs = counter("ai_proofs", "Proofs of reasoning by what became of them");
        let prefix_lost = counter(
            "ai_cache_prefix_lost",
            "Turns whose beginning was not read from the cache of their provider",
        );
        let lossy = counter(
            "ai_lossy",
            "What calls of models lost between dialects, in fields that are named or unknown",
        );
        let upstream_requests = counter("upstream_requests", "Requests an upstream answered");
        let upstream_attempts = counter("upstream_attempts", "Attempts at upstreams");
        let tokens = counter("tokens", "Model tokens by kind");
        let disagreements = counter(
            "ai_usage_discrepancies",
            "Answers whose total of tokens is not the sum of its parts",
        );
        let cost = counter("cost_micro_usd", "Cost of model calls in micro-USD");
        let mut histogram = |name: &str, help: &str| {
            let family = HistogramFamily::new_with_constructor(seconds);
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
            family
        };
        Self {
            duration: histogram(
                "request_duration",
                "From the request's head to the answer's end",
            ),
            upstream_first_byte: histogram(
                "upstream_first_byte",
                "From sending a request to the head of its answer",
            ),
            requests,
            request_bytes,
            response_bytes,
            refusals,
            cache,
            split,
            clients,
            proofs,
            prefix_lost,
            lossy,
            upstream_requests,
            upstream_attempts,
            tokens,
            disagreements,
            cost,
        }
    }
}

pub(super) struct RouteHandles {
    name: String,
    statuses: Slots<(u8, u16), Counter>,
    refusals: Slots<&'static str, Counter>,
    cache: Slots<CacheOutcome, Counter>,
    targets: Table<Counter>,
    clients: Slots<&'static str, Counter>,
    proofs: Slots<&'static str, Counter>,
    prefix_lost: Slots<PrefixLost, Counter>,
    lossy: Slots<&'static str, Counter>,
    duration: Histogram,
    request_bytes: Counter,
    response_bytes: Counter,
}

impl RouteHandles {
    pub(super) fn new(families: &Families, name: &str) -> Self {
        let labels = one("route", name);
        Self {
            name: name.to_owned(),
            statuses: Slots::new(),
            refusals: Slots::new(),
            cache: Slots::new(),
            targets: Table::new(),
            clients: Slots::new(),
            proofs: Slots::new(),
            prefix_lost: Slots::new(),
            lossy: Slots::new(),
            duration: families.duration.get_or_create_owned(&labels),
            request_bytes: families.request_bytes.get_or_create_owned(&labels),
            response_bytes: families.response_bytes.get_or_create_owned(&labels),
        }
    }

    pub(super) fn observe(&self, families: &Families, record: &Record<'_>) {
        let key = (method_number(record.method), record.status);
        let status = |key: Option<(u8, u16)>| {
            let mut labels = one("route", &self.name);
            let method = key.map_or(OTHER, |(method, _)| METHODS[usize::from(method)]);
            let status = key.map_or_else(|| OTHER.to_owned(), |(_, status)| status.to_string());
            labels.extend([("method", method.to_owned()), ("status", status)]);
            families.requests.get_or_create_owned(&labels)
        };
        self.statuses.get(key, status).inc();
        self.duration.observe(record.duration.as_secs_f64());
        add(&self.request_bytes, record.bytes_in.unwrap_or(0));
        add(&self.response_bytes, record.bytes_out);
        if let Some(reason) = record.reason() {
            let make = |key| self.labelled(&families.refusals, "reason", key);
            self.refusals.get(reason, make).inc();
        }
        if let Some(outcome) = record.outcome.cache {
            let make = |key: Option<CacheOutcome>| {
                self.labelled(&families.cache, "outcome", key.map(CacheOutcome::as_str))
            };
            self.cache.get(outcome, make).inc();
        }
        if let Some(target) = &record.outcome.target {
            let make = |name: &str| self.labelled(&families.split, "target", Some(name));
            self.targets.with(target, make, |counter| _ = counter.inc());
        }
        if let Some(client) = record.outcome.client {
            let make = |key| self.labelled(&families.clients, "client", key);
            self.clients.get(client, make).inc();
            self.conversation(families, record);
        }
    }

    /// What only calls of models have.
    fn conversation(&self, families: &Families, record: &Record<'_>) {
        for (name, count) in record.outcome.proofs.by_name() {
            if count > 0 {
                let make = |key| self.labelled(&families.proofs, "outcome", key);
                self.proofs.get(name, make).inc_by(u64::from(count));
            }
        }
        if let Some(reason) = record.outcome.prefix_lost {
            let make = |key: Option<PrefixLost>| {
                self.labelled(&families.prefix_lost, "reason", key.map(PrefixLost::as_str))
            };
            self.prefix_lost.get(reason, make).inc();
        }
        for (kind, count) in record
            .outcome
            .lossy
            .iter()
            .flat_map(|lossy| lossy.by_kind())
        {
            if count > 0 {
                let make = |key| self.labelled(&families.lossy, "kind", key);
                self.lossy.get(kind, make).inc_by(u64::from(count));
            }
        }
    }

    fn labelled(&self, family: &CounterFamily, name: &'static str, value: Option<&str>) -> Counter {
        let mut labels = one("route", &self.name);
        labels.push((name, value.unwrap_or(OTHER).to_owned()));
        family.get_or_create_owned(&labels)
    }
}

pub(super) struct UpstreamHandles {
    requests: Counter,
    attempts: Counter,
    first_byte: Histogram,
}

impl UpstreamHandles {
    pub(super) fn new(families: &Families, name: &str) -> Self {
        let labels = one("upstream", name);
        Self {
            requests: families.upstream_requests.get_or_create_owned(&labels),
            attempts: families.upstream_attempts.get_or_create_owned(&labels),
            first_byte: families.upstream_first_byte.get_or_create_owned(&labels),
        }
    }

    pub(super) fn observe(&self, upstream: &Upstream) {
        self.requests.inc();
        self.attempts.inc_by(u64::from(upstream.attempts()));
        if let Some(first_byte) = upstream.first_byte() {
            self.first_byte.observe(first_byte.as_secs_f64());
        }
    }
}

pub(super) struct ModelHandles {
    kinds: [Counter; 4],
    disagreements: Counter,
    cost: Counter,
}

impl ModelHandles {
    pub(super) fn new(families: &Families, name: &str) -> Self {
        let kind = |kind: &str| {
            let mut labels = one("model", name);
            labels.push(("kind", kind.to_owned()));
            families.tokens.get_or_create_owned(&labels)
        };
        Self {
            kinds: ["input", "cached_read", "cache_write", "output"].map(kind),
            disagreements: families
                .disagreements
                .get_or_create_owned(&one("model", name)),
            cost: families.cost.get_or_create_owned(&one("model", name)),
        }
    }

    pub(super) fn observe(&self, usage: &Usage) {
        let counts = [
            usage.input,
            usage.cached_read,
            usage.cache_write,
            usage.output,
        ];
        for (counter, count) in self.kinds.iter().zip(counts) {
            add(counter, count.unwrap_or(0));
        }
        add(&self.disagreements, u64::from(usage.disagrees));
        add(&self.cost, usage.cost_micro_usd.unwrap_or(0));
    }
}

/// Most of what is counted is often nothing, and to add nothing costs as much as to add something.
fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.inc_by(count);
    }
}

fn one(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

/// The standard methods; a client can invent any number of others.
const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", OTHER,
];

fn method_number(method: &Method) -> u8 {
    let known = METHODS.iter().position(|name| *name == method.as_str());
    u8::try_from(known.unwrap_or(METHODS.len() - 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_that_disagree_are_counted() {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry);
        let model = ModelHandles::new(&families, "m");
        let mut usage = Usage::default();
        model.observe(&usage);
        usage.disagrees = true;
        model.observe(&usage);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line = "ai_usage_discrepancies_total{model=\"m\"} 1\n";
        assert!(text.contains(line), "{text}");
    }
}
