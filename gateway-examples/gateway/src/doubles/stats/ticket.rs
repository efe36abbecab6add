//! The life of one request.

use super::counters::Stats;
use super::record::CallRecord;

/// Counts one request from its arrival to the end of its answer, wherever that comes.
///
/// It moves into the answer's body. Dropped before [`Ticket::finish`], it counts a cancellation.
#[derive(Debug)]
pub(crate) struct Ticket {
    stats: Stats,
    call: Option<CallRecord>,
    faulted: bool,
    finished: bool,
}

impl Ticket {
    pub(super) fn new(stats: Stats) -> Self {
        Self {
            stats,
            call: None,
            faulted: false,
            finished: false,
        }
    }

    /// A fault is being committed on this request.
    pub(crate) fn fault(&mut self) {
        if !self.faulted {
            self.faulted = true;
            self.stats.lock().now.faulted += 1;
        }
    }

    /// The request is a model call that will be answered, or one more of those over one connection.
    pub(crate) fn call(&mut self, call: CallRecord) {
        let mut ledger = self.stats.lock();
        ledger.now.prompt_tokens += call.prompt_tokens;
        ledger.now.proofs += call.proofs;
        if let Some(mut before) = self.call.replace(call) {
            before.outcome = "complete";
            ledger.now.push_call(before);
        }
    }

    /// Bytes of the answer, and the tokens in them, leave.
    pub(crate) fn sent(&mut self, bytes: usize, tokens: u64) {
        let mut ledger = self.stats.lock();
        ledger.now.bytes_sent += bytes as u64;
        ledger.now.bytes_since_mark += bytes as u64;
        ledger.now.completion_tokens += tokens;
        if let Some(call) = &mut self.call {
            call.completion_tokens += tokens;
        }
    }

    /// The answer ended as it was meant to.
    pub(crate) fn finish(&mut self) {
        self.close(if self.faulted { "faulted" } else { "complete" });
    }

    fn close(&mut self, outcome: &'static str) {
        if self.finished {
            return;
        }
        self.finished = true;
        let mut ledger = self.stats.lock();
        ledger.now.in_flight -= 1;
        if outcome == "cancelled" {
            ledger.now.cancelled += 1;
        }
        if let Some(mut call) = self.call.take() {
            call.outcome = outcome;
            ledger.now.push_call(call);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.close("cancelled");
    }
}
