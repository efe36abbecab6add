//! Which part of a prompt its cache marks cover.

use serde_json::Value;

use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::count_tokens;

/// The prompt up to each mark, tokens read from the cache and tokens written to it.
///
/// A real cache has a memory; this one has a rule, so that tests need no warming up: what a mark
/// with a `ttl` of `1h` covers is written now, what any other mark covers was there already.
#[derive(Debug, Default)]
pub(super) struct Marks {
    open: u64,
    read: u64,
    written: u64,
}

impl Marks {
    /// Passes a block that holds `text`.
    pub(super) fn text(&mut self, block: &Value, text: &str) {
        self.pass(block, count_tokens(text));
    }

    /// Passes a block of a message.
    pub(super) fn part(&mut self, block: &Value, part: Option<&Part>) {
        self.pass(block, part.map_or(0, Part::tokens));
    }

    /// Tokens read and tokens written.
    pub(super) fn settled(&self) -> (u64, u64) {
        (self.read, self.written)
    }

    fn pass(&mut self, block: &Value, tokens: u64) {
        self.open += tokens;
        let mark = &block["cache_control"];
        if mark["type"] != "ephemeral" {
            return;
        }
        let covered = std::mem::take(&mut self.open);
        match mark["ttl"] == "1h" {
            true => self.written += covered,
            false => self.read += covered,
        }
    }
}
