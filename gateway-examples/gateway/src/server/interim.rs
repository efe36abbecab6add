use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use http::{HeaderMap, StatusCode};

/// Interim answers of one HTTP/1 connection that wait to be written.
///
/// hyper's server cannot write them. They are written beside it, between two of its writes: where it
/// has flushed all it had since the request began, so that none gets into the answer before.
#[derive(Default)]
pub(super) struct Interims {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    /// How many the request under way has had.
    count: usize,
    /// Whether its final answer is still to come.
    open: bool,
    /// Whether hyper holds nothing of the answer before.
    clean: bool,
    waker: Option<Waker>,
}

impl Interims {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has begun.
    pub(super) fn begin(&self) {
        *self.lock() = Inner {
            open: true,
            ..Inner::default()
        };
    }

    /// Whom to wake when there is one to write: the connection's task.
    pub(super) fn wake(&self, waker: &Waker) {
        let mut inner = self.lock();
        if !inner.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            inner.waker = Some(waker.clone());
        }
    }

    /// Takes one to be written. Beyond a few they are dropped: an upstream that sends nothing else
    /// must not fill memory.
    pub(super) fn push(&self, status: StatusCode, headers: &HeaderMap) {
        let mut inner = self.lock();
        if !inner.open || inner.count >= MAX_COUNT {
            return;
        }
        let before = inner.bytes.len();
        write(&mut inner.bytes, status, headers);
        if inner.bytes.len() > MAX_BYTES {
            inner.bytes.truncate(before);
            return;
        }
        inner.count += 1;
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The final answer is there: what comes later is too late.
    pub(super) fn close(&self) {
        self.lock().open = false;
    }

    /// hyper has flushed. What is to be written now.
    pub(super) fn flushed(&self) -> Vec<u8> {
        let mut inner = self.lock();
        inner.clean = true;
        std::mem::take(&mut inner.bytes)
    }

    /// hyper is about to write. What is to be written before, if anything can be.
    pub(super) fn before_write(&self) -> Vec<u8> {
        let mut inner = self.lock();
        let bytes = std::mem::take(&mut inner.bytes);
        if inner.clean { bytes } else { Vec::new() }
    }
}

impl fmt::Debug for Interims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interims").finish_non_exhaustive()
    }
}

fn write(bytes: &mut Vec<u8>, status: StatusCode, headers: &HeaderMap) {
    bytes.extend_from_slice(b"HTTP/1.1 ");
    bytes.extend_from_slice(status.as_str().as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
}

/// Of one request.
const MAX_COUNT: usize = 8;
/// That wait to be written.
const MAX_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const HINTS: StatusCode = StatusCode::EARLY_HINTS;

    #[test]
    fn one_is_written_once_between_two_answers() {
        let interims = Interims::default();
        interims.push(HINTS, &HeaderMap::new());
        assert!(interims.flushed().is_empty(), "no request");
        interims.begin();
        let mut headers = HeaderMap::new();
        headers.insert("link", http::HeaderValue::from_static("</a>"));
        interims.push(HINTS, &headers);
        assert_eq!(
            interims.flushed(),
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        );
        interims.push(HINTS, &HeaderMap::new());
        interims.close();
        interims.push(HINTS, &headers);
        assert_eq!(interims.before_write(), b"HTTP/1.1 103 Early Hints\r\n\r\n");
        assert!(interims.flushed().is_empty());
    }

    #[test]
    fn none_gets_into_the_answer_before() {
        let interims = Interims::default();
        interims.begin();
        interims.push(HINTS, &HeaderMap::new());
        assert!(interims.before_write().is_empty());
        assert!(interims.flushed().is_empty());
    }

    #[test]
    fn a_storm_is_bounded() {
        let interims = Interims::default();
        interims.begin();
        for _ in 0..1000 {
            interims.push(StatusCode::PROCESSING, &HeaderMap::new());
        }
        let text = String::from_utf8(interims.flushed()).unwrap();
        assert_eq!(text.matches("102 Processing").count(), MAX_COUNT);
        interims.begin();
        let mut large = HeaderMap::new();
        large.insert("x", "y".repeat(MAX_BYTES).parse().unwrap());
        interims.push(HINTS, &large);
        assert!(interims.flushed().is_empty());
    }
}
