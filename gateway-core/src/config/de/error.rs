use std::fmt;

use serde::de;

use crate::config::value::{Entry, Node};

/// The identity of a place in the tree: nodes do not move while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    Node(usize),
    Key(usize),
}

impl At {
    pub(super) fn node(node: &Node) -> Self {
        Self::Node(std::ptr::from_ref(node) as usize)
    }

    pub(super) fn key(entry: &Entry) -> Self {
        Self::Key(std::ptr::from_ref(entry) as usize)
    }
}

/// A mistake, kept in parts so that it can be worded once its place is known.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) kind: Kind,
    pub(super) at: Option<At>,
}

#[derive(Debug)]
pub(super) enum Kind {
    WrongType { found: String, expected: String },
    Invalid(String),
    UnknownField { name: String, expected: Vec<String> },
    UnknownVariant { name: String, expected: Vec<String> },
    Missing(String),
}

impl ReadError {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, at: None }
    }

    /// Places the error, unless something further in has done so.
    pub(super) fn or_at(mut self, at: At) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Invalid(message.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Kind::WrongType {
            found: found_text(&found),
            expected: expected_text(&expected.to_string()),
        })
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Kind::Invalid(format!(
            "expected {}, found {}",
            expected_text(&expected.to_string()),
            found_text(&found)
        )))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::new(Kind::Invalid(format!(
            "expected {}, found {length} of them",
            expected_text(&expected.to_string())
        )))
    }

    fn unknown_variant(name: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownVariant {
            name: name.to_owned(),
            expected: owned(expected),
        })
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownField {
            name: name.to_owned(),
            expected: owned(expected),
        })
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Kind::Missing(name.to_owned()))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Kind::Invalid(format!("`{name}` stands here twice")))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::WrongType { found, expected } => write!(f, "expected {expected}, found {found}"),
            Kind::Invalid(message) => f.write_str(message),
            Kind::UnknownField { name, .. } => write!(f, "unknown field `{name}`"),
            Kind::UnknownVariant { name, .. } => write!(f, "unknown value `{name}`"),
            Kind::Missing(name) => write!(f, "missing field `{name}`"),
        }
    }
}

impl std::error::Error for ReadError {}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn found_text(found: &de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(number) => format!("the number {number}"),
        de::Unexpected::Signed(number) => format!("the number {number}"),
        de::Unexpected::Float(number) => format!("the number {number}"),
        de::Unexpected::Char(char) => format!("the text `{char}`"),
        de::Unexpected::Str(text) => format!("the text `{text}`"),
        de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_owned(),
        de::Unexpected::Seq | de::Unexpected::TupleVariant => "a list".to_owned(),
        de::Unexpected::Map | de::Unexpected::StructVariant => "a map".to_owned(),
        other => other.to_string(),
    }
}

/// serde's expectations name Rust types; the reader of a config file has none.
fn expected_text(expected: &str) -> String {
    let text = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64"
        | "a nonzero usize" => "a whole number from 1",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" | "a borrowed string" | "string" | "path string" | "a formatted string" => {
            "a text"
        }
        "a sequence" => "a list",
        "field identifier" | "variant identifier" => "a name",
        "unit" => "nothing",
        _ if expected.starts_with("struct ") || expected.starts_with("enum ") => "a map",
        _ if expected.starts_with("tuple struct ") => "a list",
        other => other,
    };
    text.to_owned()
}
