//! When probes change somebody's mind. Pure.

/// Counts probes in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threshold {
    healthy: bool,
    against: u32,
}

impl Threshold {
    /// An endpoint is well until probes say otherwise: one that has just been added must not wait
    /// for its first probes before it is used.
    pub(super) const fn new() -> Self {
        Self {
            healthy: true,
            against: 0,
        }
    }

    /// Takes in a probe. `Some` when the verdict changes: `up` good ones in a row, or `down` bad ones.
    pub(super) const fn probed(&mut self, good: bool, up: u32, down: u32) -> Option<bool> {
        if good == self.healthy {
            self.against = 0;
            return None;
        }
        self.against += 1;
        let needed = if self.healthy { down } else { up };
        if self.against < needed {
            return None;
        }
        self.healthy = good;
        self.against = 0;
        Some(good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_some_in_a_row() {
        let mut threshold = Threshold::new();
        let verdicts: Vec<_> = [
            true, false, false, true, false, false, false, false, true, false, true, true, true,
        ]
        .into_iter()
        .map(|good| threshold.probed(good, 2, 3))
        .collect();
        let mut expected = vec![None; 13];
        expected[6] = Some(false);
        expected[11] = Some(true);
        assert_eq!(verdicts, expected);
    }
}
