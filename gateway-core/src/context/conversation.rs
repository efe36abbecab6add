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
