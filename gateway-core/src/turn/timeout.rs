use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::Alarm;

/// Resolves as `future` does, or as `None` if that has not happened at `at`.
///
/// As `tokio::time::timeout_at`, without a timer of its own inside a turn.
pub const fn timeout_at<F: Future>(at: Instant, future: F) -> Timeout<F> {
    Timeout {
        future,
        alarm: Alarm::new(),
        at,
    }
}

pin_project! {
    /// The future of [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        #[pin]
        alarm: Alarm,
        at: Instant,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        this.alarm.poll_until(*this.at, cx).map(|()| None)
    }
}

#[cfg(test)]
mod tests {
    use std::{future, time::Duration};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whichever_comes_first() {
        let at = Instant::now() + Duration::from_secs(1);
        assert_eq!(timeout_at(at, future::ready(7)).await, Some(7));
        assert_eq!(timeout_at(at, future::pending::<()>()).await, None);
        assert_eq!(Instant::now(), at);
        assert_eq!(
            timeout_at(at, future::ready(7)).await,
            Some(7),
            "late, and there"
        );
    }
}
