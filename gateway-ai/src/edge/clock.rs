use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::error::{AiError, AiErrorKind};

pin_project! {
    /// How long a stream may be silent, and when it must be over.
    ///
    /// The timer is not set again for every event: it fires when the *first* silence would have
    /// ended, looks when the last event came, and sleeps on. A token costs a clock reading.
    pub(super) struct Clock {
        idle: Option<Duration>,
        deadline: Option<Instant>,
        last: Instant,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Clock {
    pub(super) fn new(idle: Option<Duration>, deadline: Option<Instant>) -> Self {
        let mut clock = Self {
            idle,
            deadline,
            last: Instant::now(),
            sleep: None,
        };
        clock.sleep = clock.due().map(tokio::time::sleep_until);
        clock
    }

    /// Something came.
    pub(super) fn touch(self: Pin<&mut Self>) {
        *self.project().last = Instant::now();
    }

    /// Ready when the stream has been silent for too long or must be over.
    pub(super) fn poll_expired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<AiError> {
        loop {
            let due = self.due();
            let this = self.as_mut().project();
            let (Some(mut sleep), Some(due)) = (this.sleep.as_pin_mut(), due) else {
                return Poll::Pending;
            };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= due {
                let text = "the provider fell silent in the middle of its answer";
                return Poll::Ready(AiError::upstream(AiErrorKind::Timeout, text));
            }
            sleep.reset(due);
        }
    }

    fn due(&self) -> Option<Instant> {
        let silent = self.idle.map(|idle| self.last + idle);
        match (silent, self.deadline) {
            (Some(silent), Some(deadline)) => Some(silent.min(deadline)),
            (silent, deadline) => silent.or(deadline),
        }
    }
}
