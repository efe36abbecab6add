use std::sync::Arc;

use super::node::Span;
use crate::config::Location;

/// The text of a config file, the name it is reported under, and where its lines begin.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    lines: Arc<[usize]>,
}

impl Source {
    /// A source; a byte-order mark at its start is not part of the text.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            name: name.into(),
            text: text.into(),
            lines,
        }
    }

    /// The name, usually the path as the user wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line, column and length of `span`; what reaches over the end of its line is cut there.
    #[must_use]
    pub fn locate(&self, span: Span) -> Location {
        let start = self.boundary(span.start);
        let row = self.lines.partition_point(|line| *line <= start) - 1;
        let line_start = self.lines[row];
        let line_end = self
            .lines
            .get(row + 1)
            .map_or(self.text.len(), |next| next - 1);
        let line = self.text[line_start..line_end].trim_end_matches('\r');
        let stop = self.boundary(span.end).clamp(start, line_end);
        let marked = self.text[start..stop].trim_end().chars().count();
        Location {
            file: Arc::clone(&self.name),
            line: count(row + 1),
            col: count(self.text[line_start..start].chars().count() + 1),
            len: count(marked.max(1)),
            text: line.into(),
        }
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("f", "\u{feff}äb: 1\r\nkey: värde  \n\nlast");
        for (start, end, line, col, len, text) in [
            (0, 3, 1, 1, 2, "äb: 1"),
            (5, 6, 1, 5, 1, "äb: 1"),
            (8, 11, 2, 1, 3, "key: värde  "),
            (13, 21, 2, 6, 5, "key: värde  "),
            (22, 22, 3, 1, 1, ""),
            (23, 99, 4, 1, 4, "last"),
        ] {
            let at = source.locate(Span { start, end });
            assert_eq!(
                (at.line, at.col, at.len, &*at.text),
                (line, col, len, text),
                "{start}..{end}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_is_somewhere(text in "[\\PC\n\r]*", start: usize, end: usize) {
            let at = Source::new("f", &text).locate(Span { start, end });
            prop_assert!(at.line >= 1 && at.col >= 1 && at.len >= 1);
        }

        #[test]
        fn a_character_is_found_where_it_is(text in "[a-c\n]{1,60}", pick: prop::sample::Index) {
            let offset = pick.index(text.len());
            let at = Source::new("f", &text).locate(Span { start: offset, end: offset + 1 });
            let line = text.split('\n').nth(at.line as usize - 1).unwrap();
            let found = line.as_bytes().get(at.col as usize - 1).copied().unwrap_or(b'\n');
            prop_assert_eq!(found, text.as_bytes()[offset]);
        }
    }
}
