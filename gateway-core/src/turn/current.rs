use std::{
    cell::Cell,
    ptr,
    task::{Context, RawWakerVTable, Waker},
};

use tokio::time::Instant;

/// The turn under way on this thread.
struct Current {
    began: Cell<Option<Instant>>,
    task: Cell<Task>,
    again: Cell<Option<Instant>>,
}

/// Whom a waker wakes, for comparison alone: a clone of the waker would be counted.
type Task = (*const (), *const RawWakerVTable);

thread_local! {
    static CURRENT: Current = const {
        Current {
            began: Cell::new(None),
            task: Cell::new((ptr::null(), ptr::null())),
            again: Cell::new(None),
        }
    };
}

/// Calls `poll` as a turn of the task of `cx` that begins at `now`.
///
/// Returns what `poll` did, and the earliest moment at which something in it wants to go on. The
/// caller sees to it that the task is polled again then, and may forget it when it was: what still
/// waits asks again.
///
/// Turns nest; the inner one counts until it is over.
pub fn run<T>(
    cx: &mut Context<'_>,
    now: Instant,
    poll: impl FnOnce(&mut Context<'_>) -> T,
) -> (T, Option<Instant>) {
    CURRENT.with(|current| {
        let outer = Outer {
            current,
            began: current.began.replace(Some(now)),
            task: current.task.replace(task(cx.waker())),
            again: current.again.take(),
        };
        let polled = poll(cx);
        let again = current.again.get();
        drop(outer);
        (polled, again)
    })
}

/// When the turn under way began; outside of one, what the clock says.
#[must_use]
pub fn now() -> Instant {
    CURRENT
        .with(|current| current.began.get())
        .unwrap_or_else(Instant::now)
}

/// Asks for another turn at `at`, and tells when this one began. `None` if there is no turn, or if it
/// is not the turn of the task that `cx` wakes: a future in a set of futures is polled only when its
/// own waker was called.
pub(super) fn wake_at(cx: &Context<'_>, at: Instant) -> Option<Instant> {
    CURRENT.with(|current| {
        let began = current.began.get()?;
        if current.task.get() != task(cx.waker()) {
            return None;
        }
        if at > began {
            let again = current.again.get().map_or(at, |again| again.min(at));
            current.again.set(Some(again));
        }
        Some(began)
    })
}

fn task(waker: &Waker) -> Task {
    (waker.data(), ptr::from_ref(waker.vtable()))
}

/// What was before this turn, put back also when it panics.
struct Outer<'a> {
    current: &'a Current,
    began: Option<Instant>,
    task: Task,
    again: Option<Instant>,
}

impl Drop for Outer<'_> {
    fn drop(&mut self) {
        self.current.began.set(self.began);
        self.current.task.set(self.task);
        self.current.again.set(self.again);
    }
}

#[cfg(test)]
mod tests {
    use std::{panic, sync::Arc, task::Wake, time::Duration};

    use super::*;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_stands_still_within_a_turn() {
        let mut cx = Context::from_waker(Waker::noop());
        let earlier = Instant::now();
        tokio::time::advance(SECOND).await;
        run(&mut cx, earlier, |_| assert_eq!(now(), earlier));
        assert_eq!(now(), earlier + SECOND);
    }

    #[tokio::test]
    async fn the_earliest_moment_counts() {
        let mut cx = Context::from_waker(Waker::noop());
        let began = Instant::now();
        let ((), again) = run(&mut cx, began, |cx| {
            for seconds in [3, 1, 2] {
                assert_eq!(wake_at(cx, began + SECOND * seconds), Some(began));
            }
        });
        assert_eq!(again, Some(began + SECOND));
        let ((), again) = run(&mut cx, began, |_| ());
        assert_eq!(again, None, "a turn knows nothing of the one before");
    }

    #[tokio::test]
    async fn another_waker_is_another_task() {
        let waker = Waker::from(Arc::new(Nobody));
        let other = Waker::from(Arc::new(Nobody));
        let clone = waker.clone();
        let began = Instant::now();
        run(&mut Context::from_waker(&waker), began, |_| {
            assert_eq!(wake_at(&Context::from_waker(&other), began), None);
            assert_eq!(wake_at(&Context::from_waker(&clone), began), Some(began));
        });
        assert_eq!(wake_at(&Context::from_waker(&waker), began), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_inner_turn_ends_also_by_a_panic() {
        let mut cx = Context::from_waker(Waker::noop());
        let (outer, inner) = (Instant::now(), Instant::now() + SECOND);
        let ((), again) = run(&mut cx, outer, |cx| {
            wake_at(cx, outer + SECOND * 5).unwrap();
            let caught = panic::catch_unwind(|| {
                run(&mut Context::from_waker(Waker::noop()), inner, |_| {
                    assert_eq!(now(), inner);
                    panic::resume_unwind(Box::new("on purpose"));
                })
            });
            assert!(caught.is_err());
            assert_eq!(now(), outer);
        });
        assert_eq!(again, Some(outer + SECOND * 5));
        assert_eq!(now(), Instant::now());
    }
}
