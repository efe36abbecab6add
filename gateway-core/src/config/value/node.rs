/// A range of bytes in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// What a config file can hold. YAML, TOML and JSON agree on this much.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: `null`, `~`, or a key with no value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(Text),
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the order of the file; no key stands twice.
    Map(Vec<Entry>),
}

/// A number as the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Not negative.
    Unsigned(u64),
    /// Negative.
    Signed(i64),
    /// With a fraction or exponent, or out of the range of integers.
    Float(f64),
}

/// A text, and what stood there before references were resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub(in crate::config) text: String,
    /// `‹env:NAME›` in place of each resolved reference.
    pub(in crate::config) redacted: Option<String>,
    /// A reference in it could not be resolved; the finding has been made.
    pub(in crate::config) unresolved: bool,
}

/// A key of a map and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: KeyNode,
    /// The value.
    pub node: Node,
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNode {
    /// The text of the key.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// The value under `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry with `key`, if this is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.text == key)
    }

    /// The entries, none if this is not a map.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Seq(_) => {
                &[]
            }
        }
    }

    /// The elements, none if this is not a list.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.value {
            Value::Seq(elements) => elements,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Map(_) => {
                &[]
            }
        }
    }

    /// Whether this is a text in which no reference stood.
    #[must_use]
    pub const fn is_literal_text(&self) -> bool {
        matches!(&self.value, Value::String(text) if text.redacted.is_none() && !text.unresolved)
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text.as_str()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Seq(_) | Value::Map(_) => None,
        }
    }
}

impl Text {
    pub(in crate::config) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            redacted: None,
            unresolved: false,
        }
    }

    /// The text, with references resolved.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text to show people: references by name, not by value.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.redacted.as_deref().unwrap_or(&self.text)
    }

    /// Whether any of it came from a reference.
    #[must_use]
    pub const fn is_resolved(&self) -> bool {
        self.redacted.is_some()
    }
}

/// Equal values are equal wherever they stand and however the file spells them: this is what
/// "YAML, TOML and JSON give the same model" means.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a.text == b.text,
            (Self::Seq(a), Self::Seq(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|entry| {
                        b.iter().any(|other| {
                            other.key.text == entry.key.text && other.node == entry.node
                        })
                    })
            }
            _ => false,
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
