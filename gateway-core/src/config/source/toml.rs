use std::ops::Range;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{
    builder::{MAX_DEPTH, duplicate, too_deep},
    format::Format,
    scalar, syntax,
};
use crate::config::{
    Diagnostics, Source,
    value::{Entry, KeyNode, Node, Number, Span, Text, Value},
};

pub(super) fn parse(source: &Source, findings: &mut Diagnostics) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let root = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let mut reader = Reader {
        source,
        findings,
        keys: Vec::new(),
    };
    let root = reader.node(&root, 0);
    let keys = reader.keys;
    let mut broken = root.is_none();
    for error in &errors {
        let span = error.span().map_or_else(Span::default, Span::from);
        if error.message() == "duplicate key" {
            let text = source.text().get(span.start..span.end).unwrap_or_default();
            let key = text.trim_matches(['"', '\'']);
            // The parser reports the second key only. The first is the nearest one of that name
            // before it.
            let first = keys
                .iter()
                .filter(|(name, at)| name == key && at.start < span.start)
                .map(|(_, at)| *at)
                .max()
                .or_else(|| same_header(source, span));
            findings.push(duplicate(source, key, span, first));
        } else {
            broken = true;
            findings.push(syntax(source, span, error.message(), Format::Toml));
        }
    }
    if broken { None } else { root }
}

struct Reader<'a> {
    source: &'a Source,
    findings: &'a mut Diagnostics,
    keys: Vec<(String, Span)>,
}

impl Reader<'_> {
    fn node(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Node> {
        let span = Span::from(value.span());
        if depth > MAX_DEPTH {
            self.findings.push(too_deep(self.source, span));
            return None;
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::String(Text::new(text.as_ref())),
            DeValue::Integer(number) => Value::Number(integer(number)),
            DeValue::Float(number) => {
                Value::Number(Number::Float(number.as_str().parse().unwrap_or(f64::NAN)))
            }
            DeValue::Boolean(bool) => Value::Bool(*bool),
            // YAML's core schema and JSON have no dates: a date is a text in all three.
            DeValue::Datetime(date) => Value::String(Text::new(date.to_string())),
            DeValue::Array(elements) => Value::Seq(
                elements
                    .iter()
                    .map(|element| self.node(element, depth + 1))
                    .collect::<Option<_>>()?,
            ),
            DeValue::Table(table) => Value::Map(self.table(table, depth)?),
        };
        Some(Node { span, value })
    }

    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Option<Vec<Entry>> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key = KeyNode {
                text: key.get_ref().to_string(),
                span: Span::from(key.span()),
            };
            self.keys.push((key.text.clone(), key.span));
            entries.push(Entry {
                node: self.node(value, depth + 1)?,
                key,
            });
        }
        // The parser sorts by name; routes of equal weight are tried in the order of the file.
        entries.sort_by_key(|entry| entry.key.span.start);
        Some(entries)
    }
}

/// Of a table opened twice the parser keeps the second header; the first is an equal line above.
fn same_header(source: &Source, second: Span) -> Option<Span> {
    let before = source.text().get(..second.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let header = source.text()[line_start..].lines().next()?.trim();
    let at = before[..line_start]
        .match_indices(header)
        .map(|(at, _)| at)
        .find(|at| source.text()[..*at].ends_with('\n') || *at == 0)?;
    let start = at + (second.start - line_start);
    Some(Span {
        start,
        end: start + (second.end - second.start),
    })
}

fn integer(number: &DeInteger<'_>) -> Number {
    if number.radix() == 10 {
        return scalar::integer(number.as_str()).unwrap_or(Number::Float(f64::NAN));
    }
    match u64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) => Number::Unsigned(number),
        Err(_) => Number::Float(f64::INFINITY),
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}
