use std::{
    cell::{Cell, RefCell},
    mem,
    sync::Arc,
    time::Duration,
};

use gateway_core::turn;
use tokio::time::Instant;

/// A connection that has something to write.
pub(super) trait Held: Send + Sync {
    fn flush(self: Arc<Self>);
}

/// What this thread has to write, and buffers for more.
struct Queue {
    on: Cell<bool>,
    since: Cell<Option<Instant>>,
    held: RefCell<Vec<Arc<dyn Held>>>,
    spare: RefCell<Vec<Vec<u8>>>,
}

thread_local! {
    static QUEUE: Queue = const {
        Queue {
            on: Cell::new(false),
            since: Cell::new(None),
            held: RefCell::new(Vec::new()),
            spare: RefCell::new(Vec::new()),
        }
    };
}

/// Writes what this thread has kept, and has it keep what is written from now on.
///
/// For `on_thread_park` of a runtime. A thread that has once been parked by such a runtime must not run
/// another one that never calls this.
pub fn before_park() {
    QUEUE.with(|queue| queue.on.set(true));
    flush();
}

fn flush() {
    QUEUE.with(|queue| {
        queue.since.set(None);
        // Whatever a write calls may write.
        let mut batch = mem::take(&mut *queue.held.borrow_mut());
        for held in batch.drain(..) {
            held.flush();
        }
        let mut held = queue.held.borrow_mut();
        if held.is_empty() {
            *held = batch;
        }
    });
}

/// Writes what this thread has kept if some of it has been kept for `most` at `now`.
pub fn flush_older(now: Instant, most: Duration) {
    let since = QUEUE.with(|queue| queue.since.get());
    if since.is_some_and(|since| now.saturating_duration_since(since) >= most) {
        flush();
    }
}

/// Whether this thread flushes.
pub(super) fn is_on() -> bool {
    QUEUE.with(|queue| queue.on.get())
}

pub(super) fn add(held: Arc<dyn Held>) {
    let full = QUEUE.with(|queue| {
        if queue.since.get().is_none() {
            queue.since.set(Some(turn::now()));
        }
        let mut queued = queue.held.borrow_mut();
        queued.push(held);
        queued.len() >= MOST
    });
    if full {
        flush();
    }
}

/// A buffer, which is empty.
pub(super) fn buffer() -> Vec<u8> {
    QUEUE
        .with(|queue| queue.spare.borrow_mut().pop())
        .unwrap_or_default()
}

/// Takes a buffer back, so that a connection has one only while it has something to write.
pub(super) fn put_back(mut buffer: Vec<u8>) {
    buffer.clear();
    // A connection may be dropped by a thread that ends, whose queue is gone already.
    _ = QUEUE.try_with(|queue| {
        let mut spare = queue.spare.borrow_mut();
        if spare.len() < MOST && buffer.capacity() > 0 {
            spare.push(buffer);
        }
    });
}

/// Connections that are written to at most at once.
const MOST: usize = 64;
