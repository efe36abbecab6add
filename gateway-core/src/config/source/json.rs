use super::{
    builder::{MAX_DEPTH, MAX_NODES, MapBuilder, too_deep, too_many},
    format::Format,
    scalar, syntax,
};
use crate::config::{
    Diagnostic, Diagnostics, Source,
    value::{KeyNode, Node, Number, Span, Text, Value},
};

pub(super) fn parse(source: &Source, findings: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        source,
        findings,
        text: source.text(),
        at: 0,
        nodes: 0,
    };
    let result = reader.document();
    match result {
        Ok(node) => Some(node),
        Err(finding) => {
            findings.push(*finding);
            None
        }
    }
}

/// RFC 8259, strictly: a comment or a trailing comma would be read by no other tool.
///
/// `serde_json` has no positions for values, and reading JSON as YAML would accept what is not
/// JSON; so this is a parser of its own.
struct Reader<'a> {
    source: &'a Source,
    findings: &'a mut Diagnostics,
    text: &'a str,
    at: usize,
    nodes: usize,
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

impl Reader<'_> {
    fn document(&mut self) -> Parsed<Node> {
        let node = self.value(0)?;
        self.blank();
        if self.at < self.text.len() {
            return self.refuse("nothing may follow the value");
        }
        Ok(node)
    }

    fn value(&mut self, depth: usize) -> Parsed<Node> {
        self.blank();
        let start = self.at;
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(Box::new(too_deep(self.source, self.here())));
        }
        if self.nodes > MAX_NODES {
            return Err(Box::new(too_many(self.source, self.here())));
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.seq(depth)?,
            Some(b'"') => Value::String(Text::new(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) if self.word("true") => Value::Bool(true),
            Some(_) if self.word("false") => Value::Bool(false),
            Some(_) if self.word("null") => Value::Null,
            _ => return self.refuse("a value is expected here"),
        };
        let span = Span {
            start,
            end: self.at,
        };
        Ok(Node { span, value })
    }

    fn map(&mut self, depth: usize) -> Parsed<Value> {
        self.at += 1;
        let mut map = MapBuilder::default();
        if self.closes(b'}') {
            return Ok(Value::Map(map.finish()));
        }
        loop {
            self.blank();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return self.refuse("a key in double quotes is expected here");
            }
            let text = self.string()?;
            let span = Span {
                start,
                end: self.at,
            };
            self.blank();
            if !self.eat(b':') {
                return self.refuse("`:` is expected here");
            }
            let node = self.value(depth + 1)?;
            map.insert(KeyNode { text, span }, node, self.source, self.findings);
            if self.closes(b'}') {
                return Ok(Value::Map(map.finish()));
            }
            if !self.eat(b',') {
                return self.refuse("`,` or `}` is expected here");
            }
        }
    }

    fn seq(&mut self, depth: usize) -> Parsed<Value> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.closes(b']') {
            return Ok(Value::Seq(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.closes(b']') {
                return Ok(Value::Seq(elements));
            }
            if !self.eat(b',') {
                return self.refuse("`,` or `]` is expected here");
            }
        }
    }

    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(0..=0x1f) => return self.refuse("a control character must be escaped"),
                Some(_) => self.at += 1,
                None => {
                    self.at = start;
                    return self.refuse("this text has no end");
                }
            }
        }
        self.at += 1;
        // Escapes are decoded by serde_json, which knows about surrogate pairs.
        serde_json::from_str(&self.text[start..self.at]).or_else(|_| {
            self.at = start;
            self.refuse("an escape in this text is not valid")
        })
    }

    fn number(&mut self) -> Parsed<Number> {
        let rest = &self.text[self.at..];
        let end = rest
            .bytes()
            .position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let text = &rest[..end];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let number = if digits.bytes().all(|b| b.is_ascii_digit()) && !leading_zero(digits) {
            scalar::integer(text)
        } else {
            serde_json::from_str(text).ok().map(Number::Float)
        };
        let Some(number) = number else {
            return self.refuse("this is not a number");
        };
        self.at += end;
        Ok(number)
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    fn closes(&mut self, byte: u8) -> bool {
        self.blank();
        self.eat(byte)
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if hit { word.len() } else { 0 };
        hit
    }

    fn here(&self) -> Span {
        Span {
            start: self.at,
            end: self.at + 1,
        }
    }

    fn refuse<T>(&self, why: &str) -> Parsed<T> {
        Err(Box::new(syntax(
            self.source,
            self.here(),
            why,
            Format::Json,
        )))
    }
}

fn leading_zero(digits: &str) -> bool {
    digits.is_empty() || digits.len() > 1 && digits.starts_with('0')
}
