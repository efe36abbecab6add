use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError,
    turn::{self, Alarm},
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::clock::{Clock, Expired};

pin_project! {
    /// A body that fails when its clock says so, and then lets go of what it wraps at once.
    ///
    /// A body whose frames are there when asked for touches no timer at all.
    pub(super) struct TimedBody {
        #[pin]
        inner: Body,
        #[pin]
        alarm: Alarm,
        clock: Clock,
        idle: ErrorKind,
        waiting: Option<Instant>,
        progress: Option<Arc<Progress>>,
    }
}

impl TimedBody {
    /// `idle` is what a pause that is too long is called.
    pub(super) const fn new(inner: Body, clock: Clock, idle: ErrorKind) -> Self {
        Self {
            inner,
            alarm: Alarm::new(),
            clock,
            idle,
            waiting: None,
            progress: None,
        }
    }

    pub(super) fn report_to(mut self, progress: Arc<Progress>) -> Self {
        self.progress = Some(progress);
        self
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(cx);
        if polled.is_ready() {
            *this.waiting = None;
            if let Some(progress) = this.progress {
                progress.now();
            }
            // Frames that never keep anyone waiting still have to end at the deadline.
            if this.clock.deadline.is_none() {
                return polled;
            }
        } else if this.clock.patience.is_some() && this.waiting.is_none() {
            *this.waiting = Some(turn::now());
        }
        match poll_clock(this.alarm, this.clock, *this.waiting, cx) {
            Poll::Pending => polled,
            Poll::Ready(expired) => {
                this.inner.set(Body::empty());
                *this.clock = Clock::default();
                let error = GatewayError::new(match expired {
                    Expired::Deadline => ErrorKind::DeadlineExceeded,
                    Expired::Patience => *this.idle,
                });
                Poll::Ready(Some(Err(error.layer("timeout").into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Resolves when the clock has run out for a wait that began at `since`.
pub(super) fn poll_clock(
    alarm: Pin<&mut Alarm>,
    clock: &Clock,
    since: Option<Instant>,
    cx: &mut Context<'_>,
) -> Poll<Expired> {
    let Some(next) = clock.next(since) else {
        return Poll::Pending;
    };
    ready!(alarm.poll_until(next, cx));
    let expired = clock.expired(since, turn::now().max(next));
    Poll::Ready(expired.expect("`next` is when something is over"))
}

/// When the upload last moved.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    micros: AtomicU64,
}

impl Progress {
    pub(super) const fn new(start: Instant) -> Self {
        Self {
            start,
            micros: AtomicU64::new(0),
        }
    }

    fn now(&self) {
        let micros = u64::try_from(
            turn::now()
                .saturating_duration_since(self.start)
                .as_micros(),
        )
        .unwrap_or(u64::MAX);
        self.micros.store(micros, Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> Instant {
        self.start + Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}
