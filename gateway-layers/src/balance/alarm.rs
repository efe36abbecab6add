use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Whether some endpoint of a balancer may be out of service.
///
/// Nearly always none is, and then a request need not look at each of them: it reads this one word,
/// which nobody writes while nothing happens.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    raised: AtomicUsize,
}

impl Alarm {
    /// An endpoint has just been taken out of service.
    pub(super) fn raise(&self) {
        self.raised.fetch_add(1, Ordering::AcqRel);
    }

    /// `None` while all is well.
    pub(super) fn level(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.raised.load(Ordering::Acquire))
    }

    /// All is well again, unless something happened since the level was `seen`.
    pub(super) fn clear(&self, seen: NonZeroUsize) {
        // Who fails to clear it was overtaken by news, and the next request looks again.
        _ = self
            .raised
            .compare_exchange(seen.get(), 0, Ordering::AcqRel, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_not_cleared_away() {
        let alarm = Alarm::default();
        alarm.raise();
        let seen = alarm.level().unwrap();
        alarm.raise();
        alarm.clear(seen);
        let seen = alarm.level().expect("the second is still to be looked at");
        alarm.clear(seen);
        assert!(alarm.level().is_none());
    }
}
