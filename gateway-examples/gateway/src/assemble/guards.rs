use std::{collections::BTreeMap, sync::Arc};

use gateway_core::SharedService;
use gateway_layers::{
    circuit_breaker::{Circuit, CircuitState},
    concurrency::ConcurrencyLayer,
    observe::Metrics,
};
use serde_json::{Value, json};

use super::live::Live;

/// What protects a route and its upstream, for those who watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    pub(super) circuit: Option<Arc<Circuit>>,
    pub(super) limit: Option<ConcurrencyLayer>,
    /// Answers whoever may come in, on a route whose WebSockets end here.
    pub(super) admission: Option<SharedService>,
}

/// The guards by route.
pub(super) type Guards = BTreeMap<Box<str>, Guard>;

impl Guard {
    /// The state of the circuit, on the status page.
    pub(super) fn circuit(&self) -> Option<&'static str> {
        let circuit = self.circuit.as_ref()?;
        Some(circuit.state().as_str())
    }

    /// How full it is, on the status page.
    pub(super) fn concurrency(&self) -> Option<Value> {
        let occupancy = self.limit.as_ref()?.occupancy();
        Some(json!({
            "in_flight": occupancy.in_flight,
            "queued": occupancy.queued,
            "limit": occupancy.limit,
        }))
    }
}

/// A circuit and the labels it goes by.
pub(super) struct Labelled {
    pub(super) labels: Labels,
    pub(super) circuit: Arc<Circuit>,
}

type Labels = Vec<(&'static str, String)>;

/// The place among the states, from good to bad.
fn number(state: CircuitState) -> i64 {
    let place = CircuitState::ALL.iter().position(|known| *known == state);
    place.map_or(0, |place| i64::try_from(place).unwrap_or(0))
}

/// Measures the circuits and limits of the running stack, whichever that is.
pub(super) fn measure(metrics: &Metrics, live: &Live) {
    let source = live.clone();
    let help = "Whether a circuit lets requests through: 0 closed, 1 half open, 2 open";
    metrics.watch_gauge("circuit_state", help, move || {
        let each = source.circuits().into_iter();
        each.map(|one| (one.labels, number(one.circuit.state())))
            .collect()
    });
    let source = live.clone();
    let help = "How often a circuit has entered a state";
    metrics.watch_counter("circuit_transitions", help, move || {
        let each = source.circuits().into_iter();
        each.flat_map(|one| {
            CircuitState::ALL.map(|state| {
                let mut labels = one.labels.clone();
                labels.push(("to", state.as_str().to_owned()));
                (labels, one.circuit.transitions(state))
            })
        })
        .collect()
    });
    let gauges: [(_, _, fn(&ConcurrencyLayer) -> i64); 3] = [
        (
            "concurrency_in_flight",
            "Requests that have one of a route's places",
            |limit| limit.occupancy().in_flight.into(),
        ),
        (
            "concurrency_queued",
            "Requests that wait for one of a route's places",
            |limit| i64::try_from(limit.occupancy().queued).unwrap_or(i64::MAX),
        ),
        (
            "concurrency_limit",
            "How many places a route has",
            |limit| limit.occupancy().limit.into(),
        ),
    ];
    for (name, help, value) in gauges {
        let source = live.clone();
        metrics.watch_gauge(name, help, move || {
            let each = source.limits().into_iter();
            each.map(|(route, limit)| (vec![("route", route)], value(&limit)))
                .collect()
        });
    }
}
