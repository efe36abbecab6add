use std::{borrow::Cow, ops::Range};

/// Whether `text` is one JSON document (RFC 8259), in UTF-8.
pub(crate) fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// A member of an object or an element of an array, as spans of the text.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// From behind the bracket or comma before it to the comma or bracket after it.
    pub(super) whole: Range<usize>,
    /// The name with its quotes; empty for elements.
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// What kind of value begins at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    Scalar,
}

/// The text of a document that [`is_json`]; the functions rely on it and only find their way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Text<'_> {
    /// The span of the document's value, without white space around it.
    pub(super) fn root(&self) -> Range<usize> {
        let start = self.space(0);
        start..self.end_of_value(start)
    }

    pub(super) fn shape(&self, value: &Range<usize>) -> Shape {
        match self.0.get(value.start) {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            _ => Shape::Scalar,
        }
    }

    /// The members of the object or the elements of the array at `container`.
    pub(super) fn members(&self, container: &Range<usize>) -> Vec<Member> {
        let named = self.shape(container) == Shape::Object;
        let mut members = Vec::new();
        let mut at = container.start + 1;
        let end = container.end.saturating_sub(1);
        if self.space(at) >= end {
            return members;
        }
        while at < end {
            let from = self.space(at);
            let key = if named {
                from..self.end_of_string(from)
            } else {
                from..from
            };
            let start = if named {
                self.space(self.space(key.end) + 1)
            } else {
                from
            };
            let value = start..self.end_of_value(start);
            let comma = self.space(value.end);
            members.push(Member {
                whole: at..comma,
                key,
                value,
            });
            at = comma + 1;
        }
        members
    }

    /// Whether the quoted name at `key` is `name`, however it is escaped.
    pub(super) fn is_named(&self, key: &Range<usize>, name: &str) -> bool {
        let quoted = &self.0[key.clone()];
        if quoted.contains(&b'\\') {
            let read = serde_json::from_slice::<Cow<'_, str>>(quoted);
            return read.is_ok_and(|read| read == name);
        }
        quoted.get(1..quoted.len().saturating_sub(1)) == Some(name.as_bytes())
    }

    fn space(&self, mut at: usize) -> usize {
        while matches!(self.0.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    fn end_of_string(&self, start: usize) -> usize {
        let mut at = start + 1;
        while let Some(byte) = self.0.get(at) {
            match byte {
                b'"' => return at + 1,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.0.len()
    }

    /// Counts brackets instead of recursing: depth costs no stack.
    fn end_of_value(&self, start: usize) -> usize {
        let mut at = start;
        let mut depth = 0_usize;
        while let Some(byte) = self.0.get(at) {
            match byte {
                b'"' => {
                    at = self.end_of_string(at);
                    if depth == 0 {
                        return at;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => return if depth == 1 { at + 1 } else { at },
                b'}' | b']' => depth -= 1,
                b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
                _ => {}
            }
            at += 1;
        }
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, String)> {
        let scan = Text(text.as_bytes());
        scan.members(&scan.root())
            .into_iter()
            .map(|m| (text[m.key].to_owned(), text[m.value].to_owned()))
            .collect()
    }

    #[test]
    fn finds_members_and_elements() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            parts(" { \"a\" : 1e400 ,\"b,\\\"}\":[{\"}\":\"]\"}], \"c\":{} } "),
            [
                pair("\"a\"", "1e400"),
                pair("\"b,\\\"}\"", "[{\"}\":\"]\"}]"),
                pair("\"c\"", "{}")
            ]
        );
        assert_eq!(
            parts("[1 , \"x\",\n[ ]]"),
            [pair("", "1"), pair("", "\"x\""), pair("", "[ ]")]
        );
        assert!(parts("{ }").is_empty() && parts("[]").is_empty());
    }

    #[test]
    fn names_are_compared_unescaped() {
        let text = Text(br#"{"\u0061b":1}"#);
        let member = &text.members(&text.root())[0];
        assert!(text.is_named(&member.key, "ab"));
        assert!(!text.is_named(&member.key, "\\u0061b"));
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let text = Text(deep.as_bytes());
        assert!(is_json(deep.as_bytes()));
        assert_eq!(text.root(), 0..400_000);
    }

    #[test]
    fn only_whole_documents_are_json() {
        for good in [
            "1",
            " {} ",
            "\"\\ud83d\\ude00\"",
            "[1e400]",
            "123456789012345678901234567890",
        ] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "{",
            "{} {}",
            "{'a':1}",
            "[1,]",
            "NaN",
            "\u{feff}{}",
            "01",
        ] {
            assert!(!is_json(bad.as_bytes()), "{bad}");
        }
        assert!(!is_json(b"\"\xff\""));
    }
}
