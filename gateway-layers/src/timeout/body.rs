use std::{
    fmt,
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

/// Why a body was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutError {
    /// The next frame did not come in time.
    Idle,
    /// The time for the whole answer is over.
    Total,
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "the body paused for too long",
            Self::Total => "the time for the whole answer is over",
        })
    }
}

impl std::error::Error for TimeoutError {}

pin_project! {
    /// A body whose frames must come in time.
    #[derive(Debug)]
    pub(super) struct TimedBody {
        inner: Body,
        #[pin]
        clock: Sleep,
        idle: Option<Duration>,
        total: Option<Instant>,
        // Since when the consumer has been waiting; `None` while it is not.
        waiting: Option<Instant>,
    }
}

impl TimedBody {
    pub(super) fn new(inner: Body, idle: Option<Duration>, total: Option<Instant>) -> Self {
        let at = Self::due(idle, total, Instant::now());
        Self {
            inner,
            clock: tokio::time::sleep_until(at),
            idle,
            total,
            waiting: None,
        }
    }

    /// When the clock must be looked at, if the consumer has been waiting since `since`.
    fn due(idle: Option<Duration>, total: Option<Instant>, since: Instant) -> Instant {
        let idle = idle.map(|idle| since + idle);
        [idle, total].into_iter().flatten().min().unwrap_or(since)
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
        if this.total.is_some_and(|total| Instant::now() >= total) {
            *this.inner = Body::empty();
            return Poll::Ready(Some(Err(TimeoutError::Total.into())));
        }
        if let Poll::Ready(frame) = Pin::new(&mut *this.inner).poll_frame(cx) {
            *this.waiting = None;
            return Poll::Ready(frame);
        }
        let since = *this.waiting.get_or_insert_with(Instant::now);
        while this.clock.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = Self::due(*this.idle, *this.total, since);
            if due <= now {
                *this.inner = Body::empty();
                let total = this.total.is_some_and(|total| total <= now);
                let error = if total {
                    TimeoutError::Total
                } else {
                    TimeoutError::Idle
                };
                return Poll::Ready(Some(Err(error.into())));
            }
            this.clock.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
