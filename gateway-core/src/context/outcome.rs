use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    CacheOutcome, ClientIp, Identity, Lossy, PrefixLost, Proofs, RequestId, Route, Upstream, Usage,
};
use crate::GatewayError;

/// A cell that an outer observer puts into the request and inner layers fill.
///
/// Request extensions travel inwards only: what the router or an authentication layer learns is
/// invisible to the access log outside it. The observer inserts an `Outcome`, keeps a clone, and
/// reads it at the end of the stream, when everything is known.
#[derive(Clone, Default)]
pub struct Outcome {
    record: Arc<Mutex<OutcomeRecord>>,
}

/// What inner layers have learnt about a request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OutcomeRecord {
    /// The client's address.
    pub client_ip: Option<ClientIp>,
    /// The id of the request.
    pub request_id: Option<RequestId>,
    /// The caller.
    pub identity: Option<Identity>,
    /// The route that was chosen.
    pub route: Option<Route>,
    /// The target a split has chosen.
    pub target: Option<Arc<str>>,
    /// Who answered.
    pub upstream: Option<Upstream>,
    /// What the cache did.
    pub cache: Option<CacheOutcome>,
    /// Why the gateway refused, if it did.
    pub error: Option<GatewayError>,
    /// The model target that answered, `provider/model`.
    pub model: Option<Arc<str>>,
    /// What the model call used.
    pub usage: Option<Usage>,
    /// What other targets than that model have used: those that failed or were given up, and those of
    /// other turns of a WebSocket. Each stands here once.
    pub others: Vec<(Arc<str>, Usage)>,
    /// The kind of program that called a model, one of a bounded set.
    pub client: Option<&'static str>,
    /// What became of proofs of reasoning.
    pub proofs: Proofs,
    /// Why the conversation's beginning was not read from the provider's cache, where it could
    /// have been.
    pub prefix_lost: Option<PrefixLost>,
    /// What the dialects of client and provider could not say to each other. Apart, since most calls
    /// lose nothing.
    pub lossy: Option<Box<Lossy>>,
}

impl OutcomeRecord {
    /// Adds names of what could not be expressed.
    pub fn lose<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            self.lossy.get_or_insert_default().add(name);
        }
    }

    /// Adds to what a target has used that is not the one that answered.
    pub fn spend(&mut self, model: &Arc<str>, usage: &Usage) {
        match self.others.iter_mut().find(|(name, _)| name == model) {
            Some((_, sum)) => *sum = sum.plus(usage),
            None => self.others.push((Arc::clone(model), *usage)),
        }
    }
}

impl Outcome {
    /// An empty cell.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes into the record. `update` must not block.
    pub fn update(&self, update: impl FnOnce(&mut OutcomeRecord)) {
        update(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is known now, taken out of the cell.
    #[must_use]
    pub fn take(&self) -> OutcomeRecord {
        std::mem::take(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes into the record of the request that has `extensions`, if an observer is listening.
    pub fn record(extensions: &http::Extensions, update: impl FnOnce(&mut OutcomeRecord)) {
        if let Some(outcome) = extensions.get::<Self>() {
            outcome.update(update);
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").finish_non_exhaustive()
    }
}
