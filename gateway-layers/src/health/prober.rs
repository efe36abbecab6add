use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gateway_core::{BoxError, Request};
use http_body::Body as HttpBody;
use tokio::task::AbortHandle;
use tower_service::Service;

use super::{Probe, threshold::Threshold};
use crate::balance::{Balance, Blocked, EndpointState, Fault};

/// Probes endpoints until it is dropped.
#[derive(Debug)]
#[must_use = "probing ends when the prober is dropped"]
pub struct Prober {
    task: AbortHandle,
}

impl Prober {
    #[expect(
        clippy::disallowed_methods,
        reason = "the `Prober` owns the task and aborts it in `Drop`"
    )]
    pub(super) fn start<S, ResBody>(probe: Probe, balance: Balance<S>) -> Self
    where
        S: Service<Request, Response = http::Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Send,
        ResBody: HttpBody<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let task = tokio::spawn(run(probe, balance)).abort_handle();
        Self { task }
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run<S, ResBody>(probe: Probe, balance: Balance<S>)
where
    S: Service<Request, Response = http::Response<ResBody>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Send,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    let random = RandomState::new();
    let mut known: HashMap<Arc<str>, Threshold> = HashMap::new();
    for round in 0_u64.. {
        let endpoints = balance.snapshot();
        known.retain(|name, _| endpoints.iter().any(|(_, state)| *state.name() == **name));
        let probe = &probe;
        let answers: Vec<(Arc<EndpointState>, _)> = stream::iter(endpoints)
            .map(|(service, state)| async move {
                let answer = probe.ask(service, &state).await;
                (state, answer)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let answers = answers.into_iter();
        for (state, answer) in answers.filter_map(|(state, answer)| Some((state, answer?))) {
            let threshold = known
                .entry(state.name().into())
                .or_insert_with(Threshold::new);
            if let Some(healthy) = threshold.probed(answer.is_ok(), probe.up, probe.down) {
                let fault = answer.err().map_or("none", Fault::as_str);
                tracing::info!(endpoint = state.name(), healthy, fault, "health changed");
                state.set_blocked(Blocked::Unhealthy, !healthy);
            }
            state.set_fault(answer.err());
        }
        tokio::time::sleep(jittered(probe.every, random.hash_one(round))).await;
    }
}

/// Within a tenth of `every`, so that many gateways do not probe in step.
fn jittered(every: Duration, random: u64) -> Duration {
    let per_mille = u32::try_from(random % 201).expect("below 201");
    every * (900 + per_mille) / 1000
}

/// Probes under way at once.
const AT_ONCE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_a_tenth_either_way() {
        let every = Duration::from_secs(10);
        for random in 0..1000 {
            let wait = jittered(every, random);
            assert!((9_000..=11_000).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
