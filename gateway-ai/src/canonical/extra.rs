use compact_str::CompactString;

use super::Raw;

/// Fields the model has no name for, in their order and spelling.
///
/// They are printed again when the dialect is the same, and reported by name when it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Vec<(CompactString, Raw)>);

impl Extra {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<CompactString>, value: Raw) {
        self.0.push((name.into(), value));
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.0
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value)
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Raw> {
        let position = self.0.iter().position(|(have, _)| have == name)?;
        Some(self.0.remove(position).1)
    }

    /// Takes over the fields of another, replacing those of the same name.
    pub fn merge(&mut self, later: Self) {
        for (name, value) in later.0 {
            self.take(&name);
            self.0.push((name, value));
        }
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
