use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use gateway_core::turn::{self, Alarm};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::error::{AiError, AiErrorKind};

pin_project! {
    /// How long a stream may be silent, and when it must be over.
    pub(super) struct Clock {
        idle: Option<Duration>,
        deadline: Option<Instant>,
        last: Instant,
        #[pin]
        alarm: Alarm,
    }
}

impl Clock {
    pub(super) fn new(idle: Option<Duration>, deadline: Option<Instant>) -> Self {
        Self {
            idle,
            deadline,
            last: turn::now(),
            alarm: Alarm::new(),
        }
    }

    /// Something came.
    pub(super) fn touch(self: Pin<&mut Self>) {
        *self.project().last = turn::now();
    }

    /// Ready when the stream has been silent for too long or must be over.
    pub(super) fn poll_expired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<AiError> {
        let Some(due) = self.due() else {
            return Poll::Pending;
        };
        self.project().alarm.poll_until(due, cx).map(|()| {
            let text = "the provider fell silent in the middle of its answer";
            AiError::upstream(AiErrorKind::Timeout, text)
        })
    }

    fn due(&self) -> Option<Instant> {
        let silent = self.idle.map(|idle| self.last + idle);
        match (silent, self.deadline) {
            (Some(silent), Some(deadline)) => Some(silent.min(deadline)),
            (silent, deadline) => silent.or(deadline),
        }
    }
}
