use std::{fmt, sync::Arc};

use http::{HeaderMap, StatusCode};

/// Sends interim answers, `102` and `103`, to the client ahead of the answer: a request extension.
///
/// A server that can write them inserts it; whoever hears of one from upstream sends it on. They are
/// optional by nature (RFC 9110 §15.2): one that comes too late, or one too many, is dropped.
#[derive(Clone)]
pub struct Interim {
    send: Arc<dyn Fn(StatusCode, &HeaderMap) + Send + Sync>,
}

impl Interim {
    /// Interim answers that are sent by `send`, which may be called on any task.
    #[must_use]
    pub fn new(send: impl Fn(StatusCode, &HeaderMap) + Send + Sync + 'static) -> Self {
        Self {
            send: Arc::new(send),
        }
    }

    /// Sends one.
    pub fn send(&self, status: StatusCode, headers: &HeaderMap) {
        (self.send)(status, headers);
    }
}

impl fmt::Debug for Interim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interim").finish_non_exhaustive()
    }
}
