use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::Extensions;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::{Drain, entrance::Client, interim::Interims};

/// What the IO, the service and the supervisor of one connection tell each other.
///
/// All three run in the connection's task (HTTP/2 streams excepted), so relaxed atomics are cells
/// that happen to be `Sync`.
#[derive(Debug)]
pub(super) struct State {
    started: Instant,
    /// Milliseconds after `started` at which the connection was last polled.
    polled_at: AtomicU64,
    in_flight: AtomicU32,
    /// Milliseconds after `started` at which the first byte of a head came; 0 while there is none.
    head_since: AtomicU64,
    /// Milliseconds after `started` at which the last answer ended.
    quiet_since: AtomicU64,
    served: AtomicBool,
    /// A request was given up before it was answered: others may follow it.
    given_up: AtomicBool,
    /// A head of HTTP/1 has had its time.
    timed_out: AtomicBool,
    /// A head has begun on a quiet connection since the supervisor last looked.
    head_began: AtomicBool,
    /// Requests whose next frame is the upstream's to give; for the others it is the client's turn
    /// to take what is there.
    upstream_turn: AtomicU32,
    /// Milliseconds after `started` at which the client's socket last took bytes, or a request began.
    moved_at: AtomicU64,
    /// With the places it takes: what is under way has them to its end, tunnels included.
    client: Client,
    /// The map of the last answer's extensions, for those of the next request.
    spare: Mutex<Option<Extensions>>,
    /// Interim answers, if any upstream's are passed on.
    interims: Option<Interims>,
    /// Whatever is under way keeps the drain from being complete, tunnels included.
    _drain: Drain,
}

/// What a supervisor should do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Look again after this time.
    Wait(Duration),
    /// The head did not come in time.
    HeadTimeout,
    /// Nothing was asked for too long.
    Idle,
    /// The client takes nothing of what it asked for.
    Stalled,
}

impl State {
    pub(super) fn new(client: Client, drain: Drain, interims: Option<Interims>) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            polled_at: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            head_since: AtomicU64::new(0),
            quiet_since: AtomicU64::new(0),
            served: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            timed_out: AtomicBool::new(false),
            head_began: AtomicBool::new(false),
            upstream_turn: AtomicU32::new(0),
            moved_at: AtomicU64::new(0),
            client,
            spare: Mutex::default(),
            interims,
            _drain: drain,
        })
    }

    pub(super) const fn interims(&self) -> Option<&Interims> {
        self.interims.as_ref()
    }

    /// Extensions that are empty and have room already.
    pub(super) fn spare(&self) -> Option<Extensions> {
        self.lock_spare().take()
    }

    /// Nobody looks at the extensions of an answer any more, but their map can be filled anew.
    pub(super) fn keep(&self, mut extensions: Extensions) {
        // One that never held anything has no map.
        if extensions.is_empty() {
            return;
        }
        extensions.clear();
        *self.lock_spare() = Some(extensions);
    }

    fn lock_spare(&self) -> MutexGuard<'_, Option<Extensions>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// The connection is being polled: what happens until it is polled again happens now. A clock
    /// read for each of a request's four events would cost more than all they note.
    pub(super) fn tick(&self, now: Instant) {
        let passed = now.saturating_duration_since(self.started);
        let now = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        self.polled_at.store(now, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.polled_at.load(Ordering::Relaxed)
    }

    /// Bytes arrived from the client.
    pub(super) fn on_read(&self) {
        if self.in_flight.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == 0
        {
            self.head_since.store(self.now().max(1), Ordering::Relaxed);
            self.head_began.store(true, Ordering::Relaxed);
        }
    }

    /// The client's socket took bytes.
    pub(super) fn on_write(&self) {
        self.moved_at.store(self.now(), Ordering::Relaxed);
    }

    /// Whether a head has begun that is not complete, asked once per head.
    pub(super) fn take_head_began(&self) -> bool {
        self.head_began.load(Ordering::Relaxed)
            && self.head_began.swap(false, Ordering::Relaxed)
            && self.head_since.load(Ordering::Relaxed) > 0
    }

    /// The head under way has had its time. `false` if that is known, or if none is.
    pub(super) fn time_out(&self) -> bool {
        self.head_since.load(Ordering::Relaxed) > 0 && !self.timed_out.swap(true, Ordering::Relaxed)
    }

    /// Whether nothing more is to be read.
    pub(super) fn is_timed_out(&self) -> bool {
        self.timed_out.load(Ordering::Relaxed)
    }

    /// Whether the client has given up a request before.
    pub(super) fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// A request head is complete.
    pub(super) fn begin(self: Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        self.on_write();
        self.upstream_turn.fetch_add(1, Ordering::Relaxed);
        InFlight {
            state: self,
            upstream_turn: true,
            answered: false,
        }
    }

    pub(super) fn judge(&self, header_timeout: Duration, idle: Duration) -> Verdict {
        let now = self.now();
        let moved = self.moved_at.load(Ordering::Relaxed);
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        if in_flight > 0 {
            let still = Duration::from_millis(now.saturating_sub(moved));
            let stalled = self.upstream_turn.load(Ordering::Relaxed) < in_flight && still >= idle;
            return if stalled {
                Verdict::Stalled
            } else {
                Verdict::Wait(header_timeout)
            };
        }
        let head = self.head_since.load(Ordering::Relaxed);
        let served = self.served.load(Ordering::Relaxed);
        let (since, allowed, over) = if head > 0 || !served {
            (head, header_timeout, Verdict::HeadTimeout)
        } else {
            (
                // The last answer may be handed over and still be on its way.
                self.quiet_since.load(Ordering::Relaxed).max(moved),
                idle,
                Verdict::Idle,
            )
        };
        let passed = Duration::from_millis(now.saturating_sub(since));
        match allowed.checked_sub(passed) {
            Some(left) if !left.is_zero() => Verdict::Wait(left),
            _ => over,
        }
    }
}

/// A request between its head and the end of its answer.
#[derive(Debug)]
pub(super) struct InFlight {
    state: Arc<State>,
    upstream_turn: bool,
    answered: bool,
}

impl InFlight {
    /// Of the connection it is on.
    pub(super) const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Notes whose turn it is after a body was asked for a frame.
    fn turn(&mut self, upstream: bool) {
        let state = &self.state;
        match (self.upstream_turn, upstream) {
            (false, true) => _ = state.upstream_turn.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = state.upstream_turn.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        self.upstream_turn = upstream;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let state = &self.state;
        if !self.answered {
            state.given_up.store(true, Ordering::Relaxed);
        }
        state.served.store(true, Ordering::Relaxed);
        state.quiet_since.store(state.now(), Ordering::Relaxed);
        if self.upstream_turn {
            state.upstream_turn.fetch_sub(1, Ordering::Relaxed);
        }
        state.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answer's body as hyper sees it: knows when it has been written.
#[derive(Debug)]
pub(super) struct ServerBody {
    inner: Body,
    in_flight: InFlight,
}

impl ServerBody {
    pub(super) fn new(inner: Body, mut in_flight: InFlight) -> Self {
        in_flight.answered = true;
        Self { inner, in_flight }
    }
}

impl HttpBody for ServerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        self.in_flight.turn(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::DrainHandle;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);

    fn state() -> Arc<State> {
        State::new(Client::default(), DrainHandle::new().1, None)
    }

    async fn pass(state: &State, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        state.tick(Instant::now());
    }

    #[tokio::test]
    async fn kept_extensions_are_empty_and_are_given_once() {
        let state = state();
        state.keep(Extensions::new());
        assert!(state.spare().is_none());
        let mut extensions = Extensions::new();
        extensions.insert("of an answer");
        state.keep(extensions);
        assert!(state.spare().unwrap().is_empty());
        assert!(state.spare().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_has_the_time_of_a_head() {
        let state = state();
        pass(&state, 9).await;
        assert_eq!(
            state.judge(HEAD, IDLE),
            Verdict::Wait(Duration::from_secs(1))
        );
        pass(&state, 1).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::HeadTimeout);
    }

    #[tokio::test]
    async fn what_is_dropped_unanswered_was_given_up() {
        let state = state();
        drop(ServerBody::new(Body::empty(), Arc::clone(&state).begin()));
        assert!(!state.has_given_up());
        drop(Arc::clone(&state).begin());
        assert!(state.has_given_up());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_has_no_clock() {
        let state = state();
        let in_flight = Arc::clone(&state).begin();
        pass(&state, 1_000).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Wait(HEAD));
        drop(in_flight);
        pass(&state, 74).await;
        assert_eq!(
            state.judge(HEAD, IDLE),
            Verdict::Wait(Duration::from_secs(1))
        );
        pass(&state, 1).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_cut_and_a_slow_upstream_is_not() {
        let state = state();
        let mut in_flight = Arc::clone(&state).begin();
        pass(&state, 1_000).await;
        in_flight.turn(false);
        state.on_write();
        pass(&state, 74).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Wait(HEAD));
        pass(&state, 1).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Stalled);
        in_flight.turn(true);
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Wait(HEAD));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_still_on_its_way_is_not_idle() {
        let state = state();
        drop(Arc::clone(&state).begin());
        pass(&state, 70).await;
        state.on_write();
        pass(&state, 70).await;
        let left = Duration::from_secs(5);
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Wait(left));
        pass(&state, 5).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_head_on_a_kept_alive_connection_is_not_idle() {
        let state = state();
        drop(Arc::clone(&state).begin());
        pass(&state, 50).await;
        state.on_read();
        assert!(state.take_head_began() && !state.take_head_began());
        pass(&state, 9).await;
        state.on_read();
        assert_eq!(
            state.judge(HEAD, IDLE),
            Verdict::Wait(Duration::from_secs(1))
        );
        pass(&state, 1).await;
        assert_eq!(state.judge(HEAD, IDLE), Verdict::HeadTimeout);
    }
}
