//! The counters.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde::Serialize;

use super::record::CallRecord;
use super::record::Captured;
use super::ticket::Ticket;

/// What a double saw and sent. Clones share the counters; `GET /__stats` prints them.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    inner: Arc<Mutex<Ledger>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Requests received, those to `/__…` apart.
    pub requests: u64,
    /// Requests whose answer has not ended.
    pub in_flight: u64,
    /// The highest number of requests at one time.
    pub in_flight_peak: u64,
    /// Answers that the client left before their end.
    pub cancelled: u64,
    /// Requests on which a fault was committed.
    pub faulted: u64,
    /// Body bytes handed to the connection.
    pub bytes_sent: u64,
    /// Of these, those since the last [`Stats::mark`].
    pub bytes_since_mark: u64,
    /// Prompt tokens of all answered model calls.
    pub prompt_tokens: u64,
    /// How often earlier thinking came back with the signature it was given.
    pub proofs: u64,
    /// Completion tokens really sent.
    pub completion_tokens: u64,
    /// Requests per path.
    pub paths: BTreeMap<String, u64>,
    /// The latest model calls, oldest first.
    pub calls: Vec<CallRecord>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) now: Snapshot,
    recent: VecDeque<Captured>,
}

impl Stats {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().now.clone()
    }

    /// The latest request.
    #[must_use]
    pub fn last(&self) -> Option<Captured> {
        self.lock().recent.back().cloned()
    }

    /// The latest requests, at most 16, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Captured> {
        self.lock().recent.iter().cloned().collect()
    }

    /// Starts [`Snapshot::bytes_since_mark`] anew.
    ///
    /// A double cannot know when a client behind a gateway leaves. The test does: it marks that
    /// moment here, and what is counted from then on was sent to nobody.
    pub fn mark(&self) {
        self.lock().now.bytes_since_mark = 0;
    }

    /// Sets every counter but [`Snapshot::in_flight`] back to nothing and forgets the requests.
    pub fn reset(&self) {
        let mut ledger = self.lock();
        let in_flight = ledger.now.in_flight;
        *ledger = Ledger::default();
        ledger.now.in_flight = in_flight;
    }

    /// Counts a request that has come; the ticket counts the rest of its life.
    pub(crate) fn begin(&self, request: Captured) -> Ticket {
        let mut ledger = self.lock();
        let path = request.uri.path().to_owned();
        let now = &mut ledger.now;
        now.requests += 1;
        now.in_flight += 1;
        now.in_flight_peak = now.in_flight_peak.max(now.in_flight);
        if now.paths.len() < PATHS || now.paths.contains_key(&path) {
            *now.paths.entry(path).or_default() += 1;
        }
        if ledger.recent.len() == RECENT {
            ledger.recent.pop_front();
        }
        ledger.recent.push_back(request);
        drop(ledger);
        Ticket::new(self.clone())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    pub(super) fn push_call(&mut self, call: CallRecord) {
        if self.calls.len() == CALLS {
            self.calls.remove(0);
        }
        self.calls.push(call);
    }
}

const RECENT: usize = 16;
const PATHS: usize = 256;
const CALLS: usize = 64;
