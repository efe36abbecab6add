//! What is known of each name, and when it is to be asked for again. Pure; the time is an argument.

use std::time::Duration;

use super::Target;

/// The last good answer for each of several names.
#[derive(Debug)]
pub(super) struct Known {
    names: Box<[Name]>,
}

#[derive(Debug)]
struct Name {
    targets: Option<Vec<Target>>,
    /// Since some start.
    due: Duration,
}

impl Known {
    /// Of `count` names nothing is known, and all are due.
    pub(super) fn new(count: usize) -> Self {
        let nothing = || Name {
            targets: None,
            due: Duration::ZERO,
        };
        Self {
            names: std::iter::repeat_with(nothing).take(count).collect(),
        }
    }

    /// Those to ask for at `now`.
    pub(super) fn due(&self, now: Duration) -> Vec<usize> {
        let each = self.names.iter().enumerate();
        each.filter(|(_, name)| name.due <= now)
            .map(|(index, _)| index)
            .collect()
    }

    /// How long until the next one is.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        let next = self.names.iter().map(|name| name.due).min()?;
        Some(next.saturating_sub(now))
    }

    /// Takes in an answer that is good until `until`. `true` if it says something new. An answer
    /// with nothing in it is none.
    pub(super) fn learn(
        &mut self,
        index: usize,
        mut targets: Vec<Target>,
        until: Duration,
    ) -> bool {
        targets.sort_unstable();
        targets.dedup_by_key(|target| (target.priority, target.address));
        let name = &mut self.names[index];
        name.due = until;
        if targets.is_empty() || name.targets.as_ref() == Some(&targets) {
            return false;
        }
        name.targets = Some(targets);
        true
    }

    /// What each name stands for; `None` while nothing is known.
    pub(super) fn targets(&self) -> impl Iterator<Item = Option<&[Target]>> {
        self.names.iter().map(|name| name.targets.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Target {
        Target::new(address.parse().expect("an address"))
    }

    #[test]
    fn the_last_good_answer_stays() {
        let mut known = Known::new(2);
        let secs = Duration::from_secs;
        assert_eq!(known.due(secs(0)), [0, 1]);
        let (one, two) = (at("10.0.0.1:80"), at("10.0.0.2:80"));
        assert!(known.learn(0, vec![two, one, two], secs(30)));
        assert!(!known.learn(1, Vec::new(), secs(5)));
        assert_eq!(known.wait(secs(1)), Some(secs(4)));
        assert_eq!(known.due(secs(5)), [1]);
        assert!(!known.learn(0, vec![one, two], secs(60)), "in any order");
        assert!(!known.learn(0, Vec::new(), secs(60)), "gone, they say");
        let targets: Vec<_> = known.targets().collect();
        assert_eq!(targets, [Some(&[one, two][..]), None]);
        assert!(known.learn(0, vec![two], secs(90)));
    }
}
