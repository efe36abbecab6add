use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::current::wake_at;

pin_project! {
    /// Knows when a moment is over, by the turn it is polled in or by a timer of its own.
    ///
    /// The timer is made at the first wait outside of a turn. It is moved to an earlier moment at
    /// once, and to a later one when it has fired too early: moving it at each wait costs more.
    #[derive(Default)]
    pub struct Alarm {
        #[pin]
        timer: Option<Sleep>,
    }
}

impl Alarm {
    /// Without a timer.
    #[must_use]
    pub const fn new() -> Self {
        Self { timer: None }
    }

    /// Ready when `at` is over; until then the task is woken for it. The moment may be another one
    /// each time.
    pub fn poll_until(self: Pin<&mut Self>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.project().timer;
        if timer.is_none()
            && let Some(now) = wake_at(cx, at)
        {
            return if at <= now {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        match timer.as_mut().as_pin_mut() {
            None => timer.set(Some(sleep_until(at))),
            Some(sleep) if sleep.deadline() > at => sleep.reset(at),
            Some(_) => {}
        }
        let mut sleep = timer.as_pin_mut().expect("made above");
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Waker, time::Duration};

    use super::*;
    use crate::turn;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn outside_of_a_turn_a_timer_wakes() {
        let start = Instant::now();
        let mut alarm = pin!(Alarm::new());
        poll_fn(|cx| alarm.as_mut().poll_until(start + SECOND, cx)).await;
        assert_eq!(start.elapsed(), SECOND);
        poll_fn(|cx| alarm.as_mut().poll_until(start + SECOND * 3, cx)).await;
        assert_eq!(start.elapsed(), SECOND * 3, "a later moment");
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_moment_moves_the_timer() {
        let start = Instant::now();
        let mut alarm = pin!(Alarm::new());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(
            alarm
                .as_mut()
                .poll_until(start + SECOND * 9, &mut cx)
                .is_pending()
        );
        poll_fn(|cx| alarm.as_mut().poll_until(start + SECOND, cx)).await;
        assert_eq!(start.elapsed(), SECOND);
    }

    #[test]
    fn in_a_turn_there_is_no_timer() {
        // No runtime, and so no timer to be had.
        let mut alarm = pin!(Alarm::new());
        let mut cx = Context::from_waker(Waker::noop());
        let began = Instant::now();
        let over = began + SECOND;
        let (polled, again) = turn::run(&mut cx, began, |cx| alarm.as_mut().poll_until(over, cx));
        assert!(polled.is_pending());
        assert_eq!(again, Some(over));
        let (polled, again) = turn::run(&mut cx, over, |cx| alarm.poll_until(over, cx));
        assert!(polled.is_ready());
        assert_eq!(again, None);
    }
}
