use std::sync::Arc;

use tower_layer::Layer;

use super::{AccessLog, Metrics, Observe, OnEnd, TraceContext, random};

/// Layer that observes requests to the end of their answers.
///
/// See the [module docs](crate::observe) for an example.
#[derive(Clone, Debug)]
pub struct ObserveLayer<H = ()> {
    shared: Arc<Shared<H>>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared<H> {
    pub(super) log: Option<AccessLog>,
    pub(super) metrics: Option<Metrics>,
    pub(super) hook: H,
    pub(super) propagate: bool,
    pub(super) sample: f64,
}

impl ObserveLayer {
    /// Observes nothing yet, but continues or begins a trace.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                log: None,
                metrics: None,
                hook: (),
                propagate: true,
                sample: 1.0,
            }),
        }
    }
}

impl<H: Clone> ObserveLayer<H> {
    /// Writes a line per request. Defaults to none.
    #[must_use]
    pub fn access_log(self, log: AccessLog) -> Self {
        self.edit(|shared| shared.log = Some(log))
    }

    /// Counts requests. Defaults to none.
    #[must_use]
    pub fn metrics(self, metrics: Metrics) -> Self {
        self.edit(|shared| shared.metrics = Some(metrics))
    }

    /// Continues the caller's W3C trace, or begins one, and sends `traceparent` on. Defaults to
    /// true; without it the headers pass as they are.
    #[must_use]
    pub fn propagate(self, propagate: bool) -> Self {
        self.edit(|shared| shared.propagate = propagate)
    }

    /// The share of the traces begun here whose sampled flag is set, 0 to 1. Defaults to 1.
    ///
    /// A trace the caller began keeps the caller's decision.
    #[must_use]
    pub fn sample(self, share: f64) -> Self {
        self.edit(|shared| shared.sample = share)
    }

    /// Calls `hook` when the answer has ended. Defaults to nothing.
    #[must_use]
    pub fn on_end<G: OnEnd>(self, hook: G) -> ObserveLayer<G> {
        let shared = Arc::unwrap_or_clone(self.shared);
        ObserveLayer {
            shared: Arc::new(Shared {
                log: shared.log,
                metrics: shared.metrics,
                hook,
                propagate: shared.propagate,
                sample: shared.sample,
            }),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared<H>)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }
}

impl<H> Shared<H> {
    /// The next hop of the caller's trace, or the first of a new one.
    pub(super) fn next_hop(&self, caller: Option<TraceContext>) -> TraceContext {
        match caller {
            Some(caller) => caller.child(random::next()),
            None => {
                let trace_id = random::next_u128();
                // As OpenTelemetry's ratio sampler does: the id itself decides, on every hop alike.
                let draw = (random_bits(trace_id) >> 3) as f64 / (1_u64 << 53) as f64;
                TraceContext::root(trace_id, random::next(), draw < self.sample)
            }
        }
    }
}

/// The 56 bits Trace Context Level 2 says are random.
const fn random_bits(trace_id: u128) -> u64 {
    (trace_id & ((1 << 56) - 1)) as u64
}

impl Default for ObserveLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, H> Layer<S> for ObserveLayer<H> {
    type Service = Observe<S, H>;

    fn layer(&self, inner: S) -> Self::Service {
        Observe::new(inner, Arc::clone(&self.shared))
    }
}
