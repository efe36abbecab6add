use std::{borrow::Cow, fmt};

use smallvec::SmallVec;

/// An ordered set of what could not be carried over.
///
/// At most [`Losses::LIMIT`] names are kept, so that a hostile body with a million unknown fields
/// cannot grow a response header; a full list ends with `...`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(SmallVec<[Cow<'static, str>; 2]>);

impl Losses {
    /// The number of names kept.
    pub const LIMIT: usize = 32;

    /// An empty report.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports a loss under its stable name; a name already present is not repeated.
    pub fn add(&mut self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        if self.0.len() >= Self::LIMIT || self.contains(&name) {
            return;
        }
        if self.0.len() == Self::LIMIT - 1 {
            self.0.push(Cow::Borrowed("..."));
        } else {
            self.0.push(name);
        }
    }

    /// Reports a loss below a prefix: `prefix.name`, the name cut to what fits a header.
    pub fn add_field(&mut self, prefix: &str, name: &str) {
        // Every event of a stream may repeat what the first one said.
        let said = |have: &str| {
            have.strip_prefix(prefix)?
                .strip_prefix('.')
                .map(|n| n == name)
        };
        if self.0.len() >= Self::LIMIT || self.iter().any(|have| said(have) == Some(true)) {
            return;
        }
        let mut full = String::with_capacity(prefix.len() + name.len() + 1);
        if !prefix.is_empty() {
            full.push_str(prefix);
            full.push('.');
        }
        full.extend(
            name.chars()
                .take(MAX_NAME)
                .map(|c| if is_plain(c) { c } else { '_' }),
        );
        self.add(full);
    }

    /// Adds all losses of another report.
    pub fn merge(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        for name in other.0 {
            self.add(name);
        }
    }

    /// Whether a name was reported.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|have| have == name)
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of names reported.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The names, in the order they were met.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl fmt::Display for Losses {
    /// Writes the names separated by `, `, fit for a header value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, name) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_drops_repeats() {
        let mut losses = Losses::new();
        losses.add("b");
        losses.add("a");
        losses.add("b");
        assert_eq!(losses.to_string(), "b, a");
    }

    #[test]
    fn a_hostile_body_cannot_grow_the_report() {
        let mut losses = Losses::new();
        for n in 0..1000 {
            losses.add_field("extra", &format!("field{n}"));
        }
        assert_eq!(losses.len(), Losses::LIMIT);
        assert_eq!(losses.iter().last(), Some("..."));
    }

    #[test]
    fn names_from_the_wire_are_fit_for_a_header() {
        let mut losses = Losses::new();
        losses.add_field("message", "a\r\nb: c");
        assert_eq!(losses.to_string(), "message.a__b:_c");
    }
}
