use std::{
    future::Future as _,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use gateway_core::Body;
use hyper::client::conn::{http1, http2};

use super::stream::Stream;

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
        state.idle.retain_mut(|idle| {
            now.wrapping_sub(idle.since) < max_age && idle.conn.run().is_pending()
        });
        state.reaping = !state.idle.is_empty();
        state.reaping
    }

    /// Drops the connections that the peer has closed.
    pub(super) fn sweep(&self) {
        self.lock()
            .idle
            .retain_mut(|idle| idle.conn.run().is_pending());
    }

    pub(super) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.idle.is_empty() && state.multiplexed.is_empty()
    }

    pub(super) fn idle(&self) -> usize {
        self.lock().idle.len()
    }
}

/// A connection that carries one request at a time, and what makes it go.
///
/// It has no task of its own. Whoever waits for its response runs it: handing each frame from task
/// to task costs more than all the rest that is done to it. Idle, it is looked at when the pool is
/// swept and when it is used.
#[derive(Debug)]
pub(super) struct H1 {
    pub(super) sender: http1::SendRequest<Body>,
    pub(super) conn: Box<http1::Connection<Stream, Body>>,
    /// Whom the connection wakes.
    user: Arc<User>,
    waker: Waker,
}

/// The task that waits for a connection, if one does.
///
/// The connection holds on to the waker it was last run with, and calls it whenever something is
/// sent to it or taken from it – by the task that runs it, or by the next user, of whom the last one
/// has no part any more. All of these would be polls of whole tasks for nothing.
#[derive(Debug, Default)]
struct User {
    task: AtomicWaker,
    /// Whether it was called since the connection last ran.
    called: AtomicBool,
}

impl Wake for User {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before looking for the task: who begins to listen meanwhile looks in the other order.
        self.called.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}

impl H1 {
    pub(super) fn new(
        sender: http1::SendRequest<Body>,
        conn: Box<http1::Connection<Stream, Body>>,
    ) -> Self {
        let user = Arc::<User>::default();
        Self {
            sender,
            conn,
            waker: Waker::from(Arc::clone(&user)),
            user,
        }
    }

    /// Reads and writes what can be; ready when the connection has ended. It wakes nobody until
    /// somebody [listens](Self::listen).
    pub(super) fn run(&mut self) -> Poll<()> {
        drop(self.user.task.take());
        self.user.called.store(false, Ordering::SeqCst);
        let mut cx = Context::from_waker(&self.waker);
        Pin::new(&mut *self.conn).poll(&mut cx).map(ended)
    }

    /// Has the task of `cx` woken when the connection should run again.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        self.user.task.register(cx.waker());
        if self.user.called.load(Ordering::SeqCst) {
            self.user.task.wake();
        }
    }

    /// Stops listening. What happens meanwhile is seen when it runs.
    pub(super) fn be_quiet(&self) {
        drop(self.user.task.take());
    }

    /// Whether it can take another request. It is quiet afterwards.
    pub(super) fn is_free(&mut self) -> bool {
        self.be_quiet();
        // The end of a response may have been read without looking for what comes next.
        self.sender.is_ready() || (self.run().is_pending() && self.sender.is_ready())
    }
}

/// Notes how a connection ended.
pub(super) fn ended(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "upstream connection ended");
    }
}

/// Where a sender waits while a task runs its connection, until the response is over.
#[derive(Debug, Default)]
pub(super) struct Slot {
    state: Mutex<Parked>,
}

#[derive(Debug, Default)]
struct Parked {
    sender: Option<http1::SendRequest<Body>>,
    task: Option<Waker>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Parked> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn park(&self, sender: http1::SendRequest<Body>) {
        let mut state = self.lock();
        state.sender = Some(sender);
        let task = state.task.take();
        drop(state);
        // The response may have ended before it was parked, and then nothing else wakes the task.
        if let Some(task) = task {
            task.wake();
        }
    }

    /// The parked sender, if its connection has become ready for another request.
    pub(super) fn release(&self, cx: &Context<'_>) -> Option<http1::SendRequest<Body>> {
        let mut state = self.lock();
        if state
            .sender
            .as_ref()
            .is_some_and(http1::SendRequest::is_ready)
        {
            return state.sender.take();
        }
        state.task = Some(cx.waker().clone());
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
