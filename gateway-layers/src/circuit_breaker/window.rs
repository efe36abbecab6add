//! How many of the latest requests failed. Time is an argument.

use std::time::Duration;

/// Counts over a sliding window, in ten slices: what is older than the window is forgotten a slice
/// at a time.
#[derive(Clone, Debug)]
pub(super) struct Window {
    slice: Duration,
    slices: [Slice; SLICES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    number: u64,
    total: u32,
    failed: u32,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) total: u32,
    pub(super) failed: u32,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let slice = length / u32::try_from(SLICES).expect("ten");
        Self {
            slice: slice.max(Duration::from_millis(1)),
            slices: [Slice::default(); SLICES],
        }
    }

    /// Counts a request that was answered at `now`.
    pub(super) fn answered(&mut self, now: Duration, failed: bool) {
        let slice = self.at(now);
        slice.total = slice.total.saturating_add(1);
        slice.failed = slice.failed.saturating_add(u32::from(failed));
    }

    /// Counts a request as failed that was counted as answered well.
    pub(super) fn failed_after_all(&mut self, now: Duration) {
        let slice = self.at(now);
        slice.failed = slice.failed.saturating_add(1);
        // Its answer may have been counted in a slice that is forgotten before this one.
        slice.total = slice.total.max(slice.failed);
    }

    pub(super) fn sum(&self, now: Duration) -> Counts {
        let newest = self.number(now);
        let oldest = newest.saturating_sub(SLICES as u64 - 1);
        let live = self
            .slices
            .iter()
            .filter(|slice| (oldest..=newest).contains(&slice.number));
        live.fold(Counts::default(), |sum, slice| Counts {
            total: sum.total.saturating_add(slice.total),
            failed: sum.failed.saturating_add(slice.failed),
        })
    }

    pub(super) fn clear(&mut self) {
        self.slices = [Slice::default(); SLICES];
    }

    fn number(&self, now: Duration) -> u64 {
        // Slices count from one: zero is the number of those that were never used.
        let number = now.as_nanos() / self.slice.as_nanos().max(1);
        u64::try_from(number).unwrap_or(u64::MAX - 1) + 1
    }

    fn at(&mut self, now: Duration) -> &mut Slice {
        let number = self.number(now);
        let index = usize::try_from(number % SLICES as u64).expect("less than ten");
        let slice = &mut self.slices[index];
        // A request that was timed a moment earlier than another may come a moment later.
        if slice.number < number {
            *slice = Slice {
                number,
                ..Slice::default()
            };
        }
        slice
    }
}

const SLICES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn it_forgets_slice_by_slice() {
        let mut window = Window::new(secs(10));
        for second in 0..10 {
            window.answered(secs(second), second % 2 == 0);
        }
        let sum = |window: &Window, at| {
            let Counts { total, failed } = window.sum(secs(at));
            (total, failed)
        };
        assert_eq!(sum(&window, 9), (10, 5));
        assert_eq!(sum(&window, 10), (9, 4));
        assert_eq!(sum(&window, 18), (1, 0));
        assert_eq!(sum(&window, 19), (0, 0));
        window.answered(secs(30), true);
        assert_eq!(sum(&window, 30), (1, 1));
        window.clear();
        assert_eq!(sum(&window, 30), (0, 0));
    }

    #[test]
    fn a_failure_after_the_head_never_makes_more_failures_than_requests() {
        let mut window = Window::new(secs(10));
        window.answered(secs(0), false);
        window.failed_after_all(secs(0));
        assert_eq!(
            window.sum(secs(0)),
            Counts {
                total: 1,
                failed: 1
            }
        );
        window.failed_after_all(secs(20));
        assert_eq!(
            window.sum(secs(20)),
            Counts {
                total: 1,
                failed: 1
            }
        );
    }

    #[test]
    fn a_window_of_no_length_still_counts() {
        let mut window = Window::new(Duration::ZERO);
        window.answered(secs(1), true);
        assert_eq!(window.sum(secs(1)).failed, 1);
    }
}
