use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
};

use futures_util::task::AtomicWaker;
use gateway_core::Body;
use hyper::client::conn::{http1, http2};

/// The idle connections of one origin, newest first, and its multiplexed ones.
///
/// A few critical sections of a few instructions each; nothing is awaited and nothing allocates
/// under the lock once the list has grown.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    max_idle: usize,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Idle>,
    multiplexed: Vec<H2>,
    /// Counts reaper ticks, so that putting a connection back reads no clock.
    tick: u32,
    reaping: bool,
}

#[derive(Debug)]
struct Idle {
    conn: H1,
    since: u32,
}

/// What [`Pool::put`] asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Reaper {
    Start,
    Runs,
}

impl Pool {
    pub(super) fn new(max_idle: usize) -> Self {
        Self {
            state: Mutex::default(),
            max_idle,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most recently used idle connection: the others may then age and be closed.
    pub(super) fn take(&self) -> Option<H1> {
        let mut state = self.lock();
        while let Some(Idle { conn, .. }) = state.idle.pop() {
            if conn.sender.is_ready() {
                return Some(conn);
            }
        }
        None
    }

    /// Takes back a connection that is ready for another request.
    pub(super) fn put(&self, conn: H1) -> Reaper {
        let mut state = self.lock();
        // Beyond the limit it is closed by being dropped.
        if state.idle.len() < self.max_idle {
            let since = state.tick;
            state.idle.push(Idle { conn, since });
        }
        if std::mem::replace(&mut state.reaping, true) {
            Reaper::Runs
        } else {
            Reaper::Start
        }
    }

    /// A multiplexed connection with a stream to spare; if all are full and no more may be opened,
    /// the one with the fewest streams, where the request waits its turn.
    pub(super) fn take_h2(&self, more: bool) -> Option<H2> {
        let mut state = self.lock();
        state.multiplexed.retain(|conn| !conn.sender.is_closed());
        let best = state
            .multiplexed
            .iter()
            .min_by_key(|conn| conn.streams.active())?;
        let room = best.streams.has_room() || !more || state.multiplexed.len() >= MAX_MULTIPLEXED;
        room.then(|| best.clone())
    }

    pub(super) fn put_h2(&self, conn: H2) {
        self.lock().multiplexed.push(conn);
    }

    pub(super) fn forget_h2(&self, gone: &H2) {
        self.lock()
            .multiplexed
            .retain(|conn| !Arc::ptr_eq(&conn.streams, &gone.streams));
    }

    pub(super) fn has_h2(&self) -> bool {
        !self.lock().multiplexed.is_empty()
    }

    /// Closes what has been idle for `max_age` ticks. `false` when nothing is left to watch.
    pub(super) fn reap(&self, max_age: u32) -> bool {
        let mut state = self.lock();
        state.tick = state.tick.wrapping_add(1);
        let now = state.tick;
        state
            .idle
            .retain(|idle| now.wrapping_sub(idle.since) < max_age && !idle.conn.sender.is_closed());
        state.reaping = !state.idle.is_empty();
        state.reaping
    }

    pub(super) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.idle.is_empty() && state.multiplexed.is_empty()
    }

    pub(super) fn idle(&self) -> usize {
        self.lock().idle.len()
    }
}

/// A connection that carries one request at a time.
#[derive(Debug)]
pub(super) struct H1 {
    pub(super) sender: http1::SendRequest<Body>,
    pub(super) slot: Arc<Slot>,
}

/// Where a sender waits while its connection is still busy with a response.
///
/// The connection's own task is the one that knows when the response is over, and it looks here
/// each time it has run. No task is spawned and no body is wrapped to find out.
#[derive(Debug, Default)]
pub(super) struct Slot {
    parked: Mutex<Option<http1::SendRequest<Body>>>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<http1::SendRequest<Body>>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn park(&self, sender: http1::SendRequest<Body>) {
        *self.lock() = Some(sender);
    }

    /// The parked sender, if its connection has become ready for another request.
    pub(super) fn release(&self) -> Option<http1::SendRequest<Body>> {
        let mut parked = self.lock();
        if parked.as_ref().is_some_and(http1::SendRequest::is_ready) {
            return parked.take();
        }
        None
    }
}

/// A connection that carries many requests at once.
#[derive(Clone, Debug)]
pub(super) struct H2 {
    pub(super) sender: http2::SendRequest<Body>,
    pub(super) streams: Arc<Streams>,
}

/// The load of a multiplexed connection.
#[derive(Debug)]
pub(super) struct Streams {
    active: AtomicUsize,
    max: AtomicUsize,
    /// Whether the peer offers extended `CONNECT`.
    extended_connect: AtomicBool,
    /// The connection's driver, which hyper does not poll when settings arrive.
    driver: AtomicWaker,
}

impl Streams {
    pub(super) const fn new(max: usize) -> Self {
        Self {
            active: AtomicUsize::new(0),
            max: AtomicUsize::new(max),
            extended_connect: AtomicBool::new(false),
            driver: AtomicWaker::new(),
        }
    }

    pub(super) fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    pub(super) fn set_extended_connect(&self, offered: bool) {
        self.extended_connect.store(offered, Ordering::Relaxed);
    }

    /// Whose notes these are.
    pub(super) fn noted_by(&self, driver: &Waker) {
        self.driver.register(driver);
    }

    /// Has the driver look again.
    #[cfg(feature = "proxy")]
    pub(super) fn refresh(&self) {
        self.driver.wake();
    }

    #[cfg(feature = "proxy")]
    pub(super) fn offers_extended_connect(&self) -> bool {
        self.extended_connect.load(Ordering::Relaxed)
    }

    fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    fn has_room(&self) -> bool {
        self.active() < self.max.load(Ordering::Relaxed)
    }

    /// Counts one stream until the guard is dropped.
    pub(super) fn open(self: &Arc<Self>) -> StreamGuard {
        self.active.fetch_add(1, Ordering::Relaxed);
        StreamGuard(Arc::clone(self))
    }
}

#[derive(Debug)]
#[must_use = "the stream is counted until the guard is dropped"]
pub(super) struct StreamGuard(Arc<Streams>);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// More connections to one peer than this buy nothing but head-of-line luck.
const MAX_MULTIPLEXED: usize = 16;
