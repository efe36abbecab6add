/// What became of the proofs of reasoning in a conversation with a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proofs {
    /// Proofs of the answer that were kept for a client without a place for them.
    pub kept: u32,
    /// Proofs put back into the conversation for the provider that made them.
    pub restored: u32,
    /// Kinds of proofs that did not reach whoever they were meant for.
    pub lost: u32,
}

impl Proofs {
    /// The counts with their names in logs and metrics.
    #[must_use]
    pub const fn by_name(self) -> [(&'static str, u32); 3] {
        [
            ("kept", self.kept),
            ("restored", self.restored),
            ("lost", self.lost),
        ]
    }
}

/// What translations between dialects could not express, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lossy {
    /// The names, each once, separated by `, `.
    pub names: String,
    /// How many of them translations know of.
    pub named: u32,
    /// How many are fields nobody has told the gateway of: `unknown.` and what they are called.
    pub unknown: u32,
}

impl Lossy {
    /// The number of names kept: a connection of many calls does not grow without bound.
    pub const LIMIT: u32 = 64;

    /// Adds a name that is not there yet.
    pub fn add(&mut self, name: &str) {
        let is_full = self.named + self.unknown >= Self::LIMIT;
        if is_full || self.names.split(", ").any(|have| have == name) {
            return;
        }
        if !self.names.is_empty() {
            self.names.push_str(", ");
        }
        self.names.push_str(name);
        if name.starts_with("unknown.") {
            self.unknown += 1;
        } else {
            self.named += 1;
        }
    }

    /// The counts with their names in metrics.
    #[must_use]
    pub const fn by_kind(&self) -> [(&'static str, u32); 2] {
        [("named", self.named), ("unknown", self.unknown)]
    }
}

/// Why a provider has read a conversation's beginning anew that it could have had in its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrefixLost {
    /// The turn went to another provider or account than the one before.
    Moved,
    /// The turn went to the same account, which read nothing of what it had written.
    Unread,
}

impl PrefixLost {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Unread => "unread",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_once_and_are_bounded() {
        let mut lossy = Lossy::default();
        for name in ["logprobs", "unknown.a", "logprobs", "unknown.a.b"] {
            lossy.add(name);
        }
        assert_eq!(lossy.names, "logprobs, unknown.a, unknown.a.b");
        assert_eq!(lossy.by_kind(), [("named", 1), ("unknown", 2)]);
        (0..1000).for_each(|number| lossy.add(&format!("unknown.{number}")));
        assert_eq!(lossy.named + lossy.unknown, Lossy::LIMIT);
    }
}
