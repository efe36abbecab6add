//! How long answers take, roughly and lately. Pure.

use std::time::Duration;

/// Latencies by size, an eighth of an octave each, from a microsecond to two minutes. What is older
/// counts less and less: when there are many, all are halved.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Box<[u32; BUCKETS]>,
    total: u32,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self {
            buckets: Box::new([0; BUCKETS]),
            total: 0,
        }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.buckets[index(latency)] += 1;
        self.total += 1;
        if self.total >= MANY {
            for bucket in self.buckets.iter_mut() {
                *bucket /= 2;
            }
            self.total = self.buckets.iter().sum();
        }
    }

    /// The latency that `per_mille` of a thousand answers do not pass; `None` while too few are
    /// known.
    pub(super) fn quantile(&self, per_mille: u32) -> Option<Duration> {
        if self.total < ENOUGH {
            return None;
        }
        let rank = (u64::from(self.total) * u64::from(per_mille)).div_ceil(1000);
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank.max(1)
        });
        found.map(upper)
    }
}

fn index(latency: Duration) -> usize {
    let micros = u64::try_from(latency.as_micros())
        .unwrap_or(u64::MAX)
        .max(1);
    let octave = micros.ilog2();
    let eighth = if octave >= 3 {
        (micros >> (octave - 3)) & 7
    } else {
        (micros << (3 - octave)) & 7
    };
    let index = octave as usize * 8 + usize::try_from(eighth).unwrap_or(0);
    index.min(BUCKETS - 1)
}

/// The end of a bucket.
fn upper(index: usize) -> Duration {
    let (octave, eighth) = (index / 8, index as u64 % 8);
    Duration::from_micros(((9 + eighth) << octave).div_ceil(8))
}

/// 27 octaves of microseconds: 134 s.
const BUCKETS: usize = 27 * 8;
const ENOUGH: u32 = 20;
const MANY: u32 = 2000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quantile_is_within_an_eighth() {
        let mut histogram = Histogram::new();
        for millis in 1..=100 {
            assert_eq!(histogram.quantile(950).is_some(), millis > ENOUGH);
            histogram.record(Duration::from_millis(millis.into()));
        }
        let at = |per_mille| histogram.quantile(per_mille).unwrap().as_millis();
        assert!((95..=107).contains(&at(950)), "{}", at(950));
        assert!((50..=57).contains(&at(500)), "{}", at(500));
        assert!((100..=113).contains(&at(1000)));
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut histogram = Histogram::new();
        for _ in 0..10_000 {
            histogram.record(Duration::from_secs(1));
        }
        for _ in 0..10_000 {
            histogram.record(Duration::from_millis(1));
        }
        assert!(histogram.quantile(950).unwrap() < Duration::from_millis(2));
        assert!(histogram.total < MANY);
    }

    proptest! {
        #[test]
        fn no_latency_is_beyond_its_bucket(micros in 0_u64..100_000_000) {
            let latency = Duration::from_micros(micros);
            let end = upper(index(latency));
            prop_assert!(end >= latency);
            prop_assert!(end.as_secs_f64() <= latency.as_secs_f64() * 1.13 + 3e-6);
        }
    }
}
