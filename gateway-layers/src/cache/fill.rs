use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use gateway_core::body::{End, Observe};
use http::HeaderMap;
use tokio::time::Instant;

use super::{CacheKey, Entry, flight::Lead, state::State};

/// Copies a response into the store while its client reads it, at the client's pace.
///
/// Only a response that ended well and has the length it announced is stored; one that grows beyond
/// the limit stops being copied and goes on being streamed. The bytes are copied, because a frame is
/// a window into a read buffer which may be many times larger: kept, it would hold memory that no
/// weight accounts for.
pub(super) struct Fill {
    pub(super) state: Arc<State>,
    pub(super) key: CacheKey,
    /// All but the body.
    pub(super) entry: Entry,
    pub(super) buffer: Option<BytesMut>,
    pub(super) announced: Option<u64>,
    pub(super) asked: Instant,
    pub(super) lead: Option<Lead>,
}

impl Fill {
    fn give_up(&mut self) {
        self.buffer = None;
        if let Some(lead) = self.lead.take() {
            lead.release_and_remember();
        }
    }

    fn store(mut self, content: Bytes) {
        self.entry.body = content;
        let entry = Arc::new(self.entry);
        self.state
            .store
            .put(self.key, Arc::clone(&entry), self.asked);
        self.state.counters.stored();
        if let Some(lead) = self.lead.take() {
            lead.share(entry);
        }
    }
}

impl Observe for Fill {
    fn on_data(&mut self, data: &Bytes) {
        let Some(buffer) = &mut self.buffer else {
            return;
        };
        if buffer.len() + data.len() > self.state.rules.max_entry {
            self.give_up();
        } else {
            buffer.extend_from_slice(data);
        }
    }

    fn on_trailers(&mut self, _: &HeaderMap) {
        // Trailers are not stored, and a response without its trailers is another response.
        self.give_up();
    }

    fn on_end(mut self, end: End) {
        let Some(buffer) = self.buffer.take() else {
            return;
        };
        let whole = self
            .announced
            .is_none_or(|length| length == buffer.len() as u64);
        match end {
            End::Complete if whole => self.store(exact(buffer)),
            // The followers try for themselves. A reader that went away is no fault of the origin:
            // dropping the lead makes one of them leader.
            End::Cancelled => self.state.counters.incomplete(),
            _ => {
                self.state.counters.incomplete();
                if let Some(lead) = self.lead.take() {
                    lead.release();
                }
            }
        }
    }
}

/// The bytes without the spare room a growing buffer has.
fn exact(buffer: BytesMut) -> Bytes {
    if buffer.capacity() - buffer.len() > buffer.len() / 8 {
        Bytes::copy_from_slice(&buffer)
    } else {
        buffer.freeze()
    }
}
