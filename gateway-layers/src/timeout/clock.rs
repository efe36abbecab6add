//! When a wait is over. Pure: instants in, a verdict out.

use std::time::Duration;

use tokio::time::Instant;

/// The two ends a wait can have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// The end of everything.
    pub(super) deadline: Option<Instant>,
    /// How long one wait may take.
    pub(super) patience: Option<Duration>,
}

/// Which end was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    Deadline,
    Patience,
}

impl Clock {
    /// Whether there is nothing to watch.
    pub(super) const fn is_off(&self) -> bool {
        self.deadline.is_none() && self.patience.is_none()
    }

    /// When to look again, for a wait that began at `since` (`None`: nobody is waiting).
    pub(super) fn next(&self, since: Option<Instant>) -> Option<Instant> {
        let patience = self.patience_ends(since);
        match (self.deadline, patience) {
            (Some(deadline), Some(patience)) => Some(deadline.min(patience)),
            (deadline, patience) => deadline.or(patience),
        }
    }

    /// What is over at `now`; the deadline first, as it is nobody's fault.
    pub(super) fn expired(&self, since: Option<Instant>, now: Instant) -> Option<Expired> {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            Some(Expired::Deadline)
        } else if self.patience_ends(since).is_some_and(|end| end <= now) {
            Some(Expired::Patience)
        } else {
            None
        }
    }

    fn patience_ends(&self, since: Option<Instant>) -> Option<Instant> {
        // A sum beyond what the clock can show never comes.
        since?.checked_add(self.patience?)
    }
}

/// Reads the value of `x-gateway-timeout`: a whole number with `ms`, `s` or `m`.
pub(super) fn parse(value: &str) -> Option<Duration> {
    let digits = value.bytes().position(|b| !b.is_ascii_digit())?;
    let (number, unit) = value.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        _ => None,
    };
    millis.map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn the_earlier_end_counts() {
        let start = Instant::now();
        let clock = Clock {
            deadline: Some(start + secs(10)),
            patience: Some(secs(4)),
        };
        assert_eq!(clock.next(None), Some(start + secs(10)));
        assert_eq!(clock.next(Some(start + secs(1))), Some(start + secs(5)));
        assert_eq!(clock.next(Some(start + secs(8))), Some(start + secs(10)));
        let since = Some(start + secs(1));
        assert_eq!(clock.expired(since, start + secs(4)), None);
        assert_eq!(
            clock.expired(since, start + secs(5)),
            Some(Expired::Patience)
        );
        assert_eq!(
            clock.expired(since, start + secs(10)),
            Some(Expired::Deadline)
        );
        assert_eq!(clock.expired(None, start + secs(9)), None);
        assert!(Clock::default().is_off() && !clock.is_off());
    }

    #[test]
    fn header_values() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("2s", Some(2_000)),
            ("1m", Some(60_000)),
            ("0s", Some(0)),
            ("2", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("1s ", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ] {
            assert_eq!(parse(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}
