use compact_str::CompactString;

use super::Raw;

/// Fields the model has no name for, in their order and spelling.
///
/// They are printed again when the dialect is the same, and reported by name when it is not. A field
/// that says nothing outside its dialect – an item's id, a value that is the default – can be kept as
/// the dialect's [own](Self::push_own): then it is printed again all the same, and missed by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Vec<Field>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: CompactString,
    value: Raw,
    own: bool,
}

impl Extra {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<CompactString>, value: Raw) {
        self.add(name.into(), value, false);
    }

    /// Adds a field that says nothing outside its dialect.
    pub fn push_own(&mut self, name: impl Into<CompactString>, value: Raw) {
        self.add(name.into(), value, true);
    }

    fn add(&mut self, name: CompactString, value: Raw, own: bool) {
        self.0.push(Field { name, value, own });
    }

    /// Makes some of the fields the dialect's own.
    pub fn make_own(&mut self, mut is_own: impl FnMut(&str) -> bool) {
        for field in &mut self.0 {
            field.own |= is_own(&field.name);
        }
    }

    /// Drops the fields that say nothing outside their dialect.
    pub fn drop_own(&mut self) {
        self.0.retain(|field| !field.own);
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Raw> {
        let field = self.0.iter().find(|field| field.name == name)?;
        Some(&field.value)
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Raw> {
        let position = self.0.iter().position(|field| field.name == name)?;
        Some(self.0.remove(position).value)
    }

    /// Takes over the fields of another, replacing those of the same name.
    pub fn merge(&mut self, later: Self) {
        for field in later.0 {
            self.take(&field.name);
            self.0.push(field);
        }
    }

    /// The fields in order, but for those the dialect keeps to itself.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0
            .iter()
            .filter(|field| !field.own)
            .map(|field| (field.name.as_str(), &field.value))
    }

    /// All fields in order, also those that say nothing outside their dialect.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0
            .iter()
            .map(|field| (field.name.as_str(), &field.value))
    }

    /// The fields that say nothing outside their dialect.
    pub fn own(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0
            .iter()
            .filter(|field| field.own)
            .map(|field| (field.name.as_str(), &field.value))
    }

    /// Whether there is none that another dialect would miss.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of fields that another dialect would miss.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_dialects_own_is_kept_and_not_missed() {
        let raw = |text| Raw::new(text).unwrap();
        let mut extra = Extra::new();
        extra.push_own("id", raw("\"x\""));
        assert!(extra.is_empty());
        extra.push("logit_bias", raw("{}"));
        assert_eq!(
            extra.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["logit_bias"]
        );
        assert_eq!(extra.all().count(), 2);
        let mut shared = extra.clone();
        shared.drop_own();
        assert_eq!(shared.all().count(), 1);
        shared.make_own(|name| name == "logit_bias");
        assert!(shared.is_empty() && shared.all().count() == 1);
        let mut other = Extra::new();
        other.push_own("logit_bias", raw("1"));
        extra.merge(other);
        assert!(extra.is_empty() && extra.get("logit_bias") == Some(&raw("1")));
    }
}
