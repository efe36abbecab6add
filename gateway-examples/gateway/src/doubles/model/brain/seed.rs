//! Determinism: a hash of the conversation, and a generator fed by it.

use super::ask::Ask;
use super::ask::Part;
use super::tokens::pieces;

/// A hash of content (FNV-1a), and the random numbers that follow from it (SplitMix64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doubles::model) struct Seed(u64);

impl Seed {
    pub(in crate::doubles::model) fn of_text(text: &str) -> Self {
        Self(OFFSET).and(text)
    }

    /// The seed of a conversation.
    ///
    /// It sees tokens in order and neither the boundaries of messages nor white space, so that a
    /// translation that merges neighbouring messages leaves the answer alone.
    pub(in crate::doubles::model) fn of(ask: &Ask) -> Self {
        let mut seed = Self(OFFSET);
        for text in &ask.system {
            seed = seed.and(text);
        }
        for part in ask.turns.iter().flat_map(|turn| &turn.parts) {
            seed = match part {
                Part::Text(text) | Part::Result { text, .. } => seed.and(text),
                Part::Call {
                    name, arguments, ..
                } => seed.and(name).and(arguments),
                Part::Media => seed.and("[media]"),
                Part::Proof => seed,
            };
        }
        seed
    }

    fn and(self, text: &str) -> Self {
        let mut hash = self.0;
        for piece in pieces(text) {
            for byte in piece.trim().bytes().chain([b' ']) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        Self(hash)
    }

    pub(in crate::doubles::model) fn value(self) -> u64 {
        self.0
    }

    /// The next random number.
    pub(in crate::doubles::model) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(in crate::doubles::model) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of `items`, which are not empty.
    pub(super) fn choose<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        let at = self.below(items.len() as u64);
        items[usize::try_from(at).unwrap_or(0)]
    }
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
