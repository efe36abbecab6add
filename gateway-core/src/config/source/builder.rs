use std::collections::HashMap;

use crate::config::{
    Diagnostic, Diagnostics, Source,
    diagnostic::codes,
    value::{Entry, KeyNode, Node, Span},
};

/// A map under construction, which notices a key that stands twice.
#[derive(Debug, Default)]
pub(super) struct MapBuilder {
    entries: Vec<Entry>,
    seen: HashMap<String, Span>,
}

impl MapBuilder {
    /// Adds an entry, or a finding that names both places when the key is there already.
    pub(super) fn insert(
        &mut self,
        key: KeyNode,
        node: Node,
        source: &Source,
        out: &mut Diagnostics,
    ) {
        if let Some(first) = self.seen.get(&key.text) {
            out.push(duplicate(source, &key.text, key.span, Some(*first)));
            return;
        }
        self.seen.insert(key.text.clone(), key.span);
        self.entries.push(Entry { key, node });
    }

    pub(super) fn finish(self) -> Vec<Entry> {
        self.entries
    }
}

pub(super) fn duplicate(source: &Source, key: &str, at: Span, first: Option<Span>) -> Diagnostic {
    let label = match first.map(|first| source.locate(first)) {
        Some(first) => format!(
            "first written at {}:{}:{}",
            first.file, first.line, first.col
        ),
        None => "it stands in this map already".to_owned(),
    };
    Diagnostic::error(codes::DUPLICATE_KEY, format!("duplicate key `{key}`"))
        .at(source.locate(at))
        .label(label)
}

/// How deep maps and lists may nest; a gateway needs about ten.
pub(super) const MAX_DEPTH: usize = 64;

/// How many values a file may hold once YAML aliases are expanded: the bound on "billion laughs".
pub(super) const MAX_NODES: usize = 200_000;

pub(super) fn too_deep(source: &Source, span: Span) -> Diagnostic {
    Diagnostic::error(codes::TOO_LARGE, "the config file nests too deeply")
        .at(source.locate(span))
        .label(format!("the limit is {MAX_DEPTH} levels"))
}

pub(super) fn too_many(source: &Source, span: Span) -> Diagnostic {
    Diagnostic::error(codes::TOO_LARGE, "the config file holds too many values")
        .at(source.locate(span))
        .label(format!("the limit is {MAX_NODES}, with aliases expanded"))
}
