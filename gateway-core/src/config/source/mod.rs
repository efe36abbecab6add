//! YAML, TOML and JSON into one tree.
//!
//! The three agree on maps, lists, texts, numbers and booleans, and on nothing being said twice.
//! What a format has beyond that is refused (YAML tags, merge keys, several documents) or read as
//! text (TOML dates), so that one file means the same in each of them.

mod builder;
mod format;
mod json;
mod scalar;
mod toml;
mod yaml;

pub use self::format::Format;
pub(in crate::config) use self::scalar::plain;
use super::{
    Diagnostic, Diagnostics, Source, Tree,
    diagnostic::codes,
    value::{Span, Value},
};

impl Tree {
    /// Reads `source`; every fault is added to `findings`.
    ///
    /// A duplicate key is a fault after which reading goes on with its first value, so a tree may
    /// come back although there are errors; `None` means there was nothing to go on with.
    #[must_use]
    pub fn parse(source: Source, format: Format, findings: &mut Diagnostics) -> Option<Self> {
        if source.text().len() > MAX_BYTES {
            findings.push(
                Diagnostic::error(codes::TOO_LARGE, "the config file is too large")
                    .at(source.locate(Span::default()))
                    .label(format!("the limit is {} MiB", MAX_BYTES >> 20)),
            );
            return None;
        }
        let mut root = match format {
            Format::Yaml => yaml::parse(&source, findings),
            Format::Toml => toml::parse(&source, findings),
            Format::Json => json::parse(&source, findings),
        }?;
        if matches!(root.value, Value::Null) {
            // An empty file is a file in which every key is absent.
            root.value = Value::Map(Vec::new());
        }
        Some(Self::new(source, root))
    }
}

/// A fault in the text itself.
fn syntax(source: &Source, span: Span, label: impl Into<String>, format: Format) -> Diagnostic {
    Diagnostic::error(codes::SYNTAX, format!("this is not valid {format}"))
        .at(source.locate(span))
        .label(label)
}

const MAX_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests;
