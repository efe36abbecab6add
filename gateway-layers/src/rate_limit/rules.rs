//! What the layer decides, apart from HTTP services and futures.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{Cost, ErrorKind, GatewayError, Key, KeyValue, RejectBody, Responder};
use http::{Request, Response};
use serde_json::Value;
use smallvec::SmallVec;

use super::{
    Answer, Decision, MemoryStore, OnStoreError, Policy, Store, StoreError, Take, Verdict,
    headers::{Headers, Report},
    layer::{Mode, OnMissing},
};

/// Everything a layer and its services share.
#[derive(Debug)]
pub(super) struct Shared<St> {
    pub(super) scope: Box<str>,
    pub(super) policies: Vec<Policy>,
    pub(super) key: Key,
    pub(super) cost: CostOf,
    pub(super) on_missing: OnMissing,
    pub(super) on_error: OnStoreError,
    pub(super) mode: Mode,
    pub(super) shadow: bool,
    pub(super) headers: Headers,
    pub(super) state: Arc<State<St>>,
}

/// What outlives a change of settings.
#[derive(Debug)]
pub(super) struct State<St> {
    pub(super) store: St,
    /// Made when the store fails for the first time.
    local: OnceLock<MemoryStore>,
    queued: AtomicUsize,
    shadowed: AtomicU64,
    warned: AtomicBool,
    failing: AtomicBool,
}

/// What a request costs.
#[derive(Clone, Copy, Debug)]
pub(super) enum CostOf {
    Fixed(u64),
    Extension,
}

/// Who pays, and how much.
#[derive(Debug)]
pub(super) struct Charge {
    /// Index of the policy, value of its key.
    keys: SmallVec<[(usize, KeyValue); 1]>,
    cost: u64,
}

/// A store of somebody else's may answer what it was not asked, and then it has failed.
fn whole(charge: &Charge, verdict: Verdict) -> Result<Verdict, StoreError> {
    if verdict.len() == charge.keys.len() {
        return Ok(verdict);
    }
    Err(StoreError::new(format!(
        "{} decisions for {} takes",
        verdict.len(),
        charge.keys.len()
    )))
}

/// What to do with a request.
#[derive(Debug)]
pub(super) enum Judgement {
    Admit(Option<Report>),
    Wait(Report, Duration),
    Refuse(GatewayError, Option<Report>),
}

impl<St: Store> Shared<St> {
    /// Who pays for `request`; nobody if no policy applies.
    pub(super) fn charge<B>(&self, request: &Request<B>) -> Result<Charge, GatewayError> {
        let mut keys = SmallVec::new();
        for (index, policy) in self.policies.iter().enumerate() {
            let key = policy.key_or(&self.key);
            match key.eval(request) {
                Some(value) => keys.push((index, value)),
                None => match self.on_missing {
                    OnMissing::Share => {
                        self.warn_once(key);
                        keys.push((index, KeyValue::from(NO_KEY)));
                    }
                    OnMissing::Allow => self.warn_once(key),
                    OnMissing::Deny => {
                        return Err(refusal("the request has no key to count it by"));
                    }
                },
            }
        }
        let cost = match self.cost {
            CostOf::Fixed(cost) => cost,
            CostOf::Extension => request
                .extensions()
                .get::<Cost>()
                .map_or(1, |cost| cost.units()),
        };
        Ok(Charge { keys, cost })
    }

    pub(super) fn ask(&self, charge: &Charge) -> Answer<Result<Verdict, StoreError>, St::Future> {
        if charge.keys.is_empty() {
            return Answer::Now(Ok(Verdict::new()));
        }
        self.state.store.take(&self.takes(charge), self.patience())
    }

    pub(super) fn judge(&self, charge: &Charge, verdict: Result<Verdict, StoreError>) -> Judgement {
        let verdict = match verdict.and_then(|verdict| whole(charge, verdict)) {
            Ok(verdict) => {
                self.state.recovered();
                verdict
            }
            Err(error) => match self.without_store(charge, error) {
                Ok(verdict) => verdict,
                Err(judgement) => return judgement,
            },
        };
        let Some(tightest) = tightest(&verdict) else {
            return Judgement::Admit(None);
        };
        let decision = verdict[tightest];
        let report = Report::of(charge.keys[tightest].0, &decision);
        if decision.allowed {
            let wait = verdict.iter().map(|decision| decision.wait).max();
            return match wait {
                Some(wait) if !wait.is_zero() => Judgement::Wait(report, wait),
                _ => Judgement::Admit(Some(report)),
            };
        }
        if self.shadow {
            self.state.shadowed.fetch_add(1, Ordering::Relaxed);
            let policy = self.policies[report.policy].name();
            tracing::info!(policy, "rate limit would have refused");
            return Judgement::Admit(None);
        }
        Judgement::Refuse(self.refusal(charge, &verdict, decision.wait), Some(report))
    }

    fn without_store(&self, charge: &Charge, error: StoreError) -> Result<Verdict, Judgement> {
        // Once per outage, not per request.
        if !self.state.failing.swap(true, Ordering::Relaxed) {
            let (cause, then) = (std::error::Error::source(&error), self.on_error);
            tracing::warn!(%error, cause, ?then, "rate limit store failed");
        }
        match self.on_error {
            OnStoreError::Allow => Err(Judgement::Admit(None)),
            OnStoreError::Deny => {
                let refusal = GatewayError::new(ErrorKind::StateUnavailable)
                    .layer(LAYER)
                    .retry_after(Duration::from_secs(1))
                    .source(error);
                Err(Judgement::Refuse(refusal, None))
            }
            OnStoreError::Local => {
                let local = self.state.local.get_or_init(MemoryStore::new);
                Ok(local.take_now(&self.takes(charge), Duration::ZERO))
            }
        }
    }

    fn refusal(&self, charge: &Charge, verdict: &Verdict, wait: Duration) -> GatewayError {
        let broken = verdict.iter().zip(&charge.keys);
        let names: Vec<Value> = broken
            .filter(|(decision, _)| !decision.allowed)
            .map(|(_, (policy, _))| self.policies[*policy].name().into())
            .collect();
        refusal("the quota is used up for now")
            .retry_after(wait)
            .member("violated-policies", Value::Array(names))
    }

    pub(super) fn refuse<B: RejectBody>(
        &self,
        responder: &Responder,
        error: GatewayError,
        report: Option<Report>,
    ) -> Response<B> {
        let mut response = responder.refuse(error);
        if let Some(report) = report {
            self.headers.write(response.headers_mut(), report);
        }
        response
    }

    /// Takes a place in the queue; refuses if there is none.
    pub(super) fn enqueue(&self, wait: Duration) -> Result<(), GatewayError> {
        let Mode::Queue { max_depth, .. } = self.mode else {
            return Ok(());
        };
        let grow = |depth: usize| (depth < max_depth).then_some(depth + 1);
        self.state
            .queued
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, grow)
            .map(drop)
            .map_err(|_| {
                GatewayError::new(ErrorKind::QueueTimeout)
                    .layer(LAYER)
                    .detail("the queue is full")
                    .retry_after(wait)
            })
    }

    pub(super) fn dequeue(&self) {
        if let Mode::Queue { .. } = self.mode {
            self.state.queued.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(super) fn refund(&self, charge: &Charge) {
        self.state.store.refund(&self.takes(charge));
    }

    fn takes<'a>(&'a self, charge: &'a Charge) -> SmallVec<[Take<'a>; 2]> {
        let take = |(policy, key): &'a (usize, KeyValue)| {
            Take::new(&self.policies[*policy], key.as_str(), charge.cost).in_scope(&self.scope)
        };
        charge.keys.iter().map(take).collect()
    }

    const fn patience(&self) -> Duration {
        match self.mode {
            Mode::Queue { max_wait, .. } if !self.shadow => max_wait,
            Mode::Queue { .. } | Mode::Reject => Duration::ZERO,
        }
    }

    /// A limiter without its key is a misconfiguration that nothing else would show.
    fn warn_once(&self, key: &Key) {
        if !self.state.warned.swap(true, Ordering::Relaxed) {
            let then = self.on_missing;
            tracing::warn!(%key, ?then, "rate limit key is missing: put the layer that provides it outside");
        }
    }
}

impl<St> State<St> {
    pub(super) fn new(store: St) -> Self {
        Self {
            store,
            local: OnceLock::new(),
            queued: AtomicUsize::new(0),
            shadowed: AtomicU64::new(0),
            warned: AtomicBool::new(false),
            failing: AtomicBool::new(false),
        }
    }

    fn recovered(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("rate limit store is back");
        }
    }

    pub(super) fn shadowed(&self) -> u64 {
        self.shadowed.load(Ordering::Relaxed)
    }

    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Acquire)
    }
}

// Not derived: `St` need not be `Clone`, it sits behind the `Arc`.
impl<St> Clone for Shared<St> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            policies: self.policies.clone(),
            key: self.key.clone(),
            cost: self.cost,
            on_missing: self.on_missing,
            on_error: self.on_error,
            mode: self.mode,
            shadow: self.shadow,
            headers: self.headers.clone(),
            state: Arc::clone(&self.state),
        }
    }
}

/// The one to report: of those that refuse the one that takes longest, else the one with least
/// left.
fn tightest(verdict: &[Decision]) -> Option<usize> {
    let refusing = verdict
        .iter()
        .enumerate()
        .filter(|(_, decision)| !decision.allowed);
    refusing
        .max_by_key(|(_, decision)| decision.wait)
        .or_else(|| {
            let all = verdict.iter().enumerate();
            all.min_by_key(|(_, decision)| decision.remaining)
        })
        .map(|(index, _)| index)
}

fn refusal(detail: &'static str) -> GatewayError {
    GatewayError::new(ErrorKind::RateLimited)
        .layer(LAYER)
        .detail(detail)
        .retry_after(Duration::from_secs(1))
}

const LAYER: &str = "rate_limit";
/// No key evaluates to this: values begin with their kind.
const NO_KEY: &str = "(no key)";
