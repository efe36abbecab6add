use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, options};

use super::{
    builder::{MAX_DEPTH, MAX_NODES, MapBuilder, too_deep, too_many},
    format::Format,
    scalar, syntax,
};
use crate::config::{
    Diagnostic, Diagnostics, Source,
    value::{KeyNode, Node, Span, Text, Value},
};

pub(super) fn parse(source: &Source, findings: &mut Diagnostics) -> Option<Node> {
    let options = options! { emit_comments: false, disallow_directives: true };
    let mut loader = Loader::new(source, findings);
    for next in Parser::new_from_str_with_options(source.text(), options) {
        let step = next
            .map_err(|error| loader.scan_error(&error))
            .and_then(|(event, span)| loader.event(event, Span::from(span)));
        if let Err(finding) = step {
            loader.findings.push(*finding);
            return None;
        }
    }
    let empty = Node {
        span: Span::default(),
        value: Value::Null,
    };
    Some(loader.root.unwrap_or(empty))
}

struct Loader<'a> {
    source: &'a Source,
    findings: &'a mut Diagnostics,
    /// Containers that are open; an explicit stack, so that depth costs no call stack.
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
}

struct Open {
    span: Span,
    anchor: usize,
    nodes_before: usize,
    /// Depth of the deepest container inside, for aliases.
    height: usize,
    kind: Container,
}

enum Container {
    Seq(Vec<Node>),
    Map(MapBuilder, Option<KeyNode>),
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

type Step = Result<(), Box<Diagnostic>>;

impl<'a> Loader<'a> {
    fn new(source: &'a Source, findings: &'a mut Diagnostics) -> Self {
        Self {
            source,
            findings,
            open: Vec::new(),
            root: None,
            documents: 0,
            anchors: HashMap::new(),
            nodes: 0,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Step {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return self.refuse(
                        span,
                        "a second document starts here: a config file is one document",
                    );
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(tag) = tag {
                    return self.refuse(
                        span,
                        &format!("config files use no tags, and this one is tagged `{tag}`"),
                    );
                }
                if self.expects_key() {
                    return self.key(&text, style, span);
                }
                let value = match style {
                    ScalarStyle::Plain => scalar::plain(&text),
                    _ => Value::String(Text::new(text)),
                };
                self.count(1, span)?;
                let node = Node { span, value };
                self.anchor(anchor, &node, 1, 0);
                self.place(node, 0);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(span, anchor, tag.is_some(), Container::Seq(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let map = Container::Map(MapBuilder::default(), None);
                self.open(span, anchor, tag.is_some(), map)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span)?,
            _ => {}
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                kind: Container::Map(_, None),
                ..
            })
        )
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: Span) -> Step {
        if text == "<<" && style == ScalarStyle::Plain {
            return self.refuse(
                span,
                "merge keys are YAML 1.1: repeat the keys, or alias the whole map",
            );
        }
        if let Some(Open {
            kind: Container::Map(_, key),
            ..
        }) = self.open.last_mut()
        {
            *key = Some(KeyNode {
                text: text.to_owned(),
                span,
            });
        }
        Ok(())
    }

    fn open(&mut self, span: Span, anchor: usize, tagged: bool, kind: Container) -> Step {
        if tagged {
            return self.refuse(span, "config files use no tags");
        }
        if self.expects_key() {
            return self.refuse(span, "a key is a text, not a list or a map");
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(self.source, span)));
        }
        let nodes_before = self.nodes;
        self.count(1, span)?;
        self.open.push(Open {
            span,
            anchor,
            nodes_before,
            height: 0,
            kind,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let value = match open.kind {
            Container::Seq(elements) => Value::Seq(elements),
            Container::Map(map, _) => Value::Map(map.finish()),
        };
        let node = Node {
            span: Span {
                start: open.span.start,
                end: end.end.max(open.span.end),
            },
            value,
        };
        let height = open.height + 1;
        self.anchor(open.anchor, &node, self.nodes - open.nodes_before, height);
        self.place(node, height);
    }

    fn alias(&mut self, id: usize, span: Span) -> Step {
        if self.expects_key() {
            return self.refuse(span, "a key is written out, not an alias");
        }
        // An anchor is registered when its node is complete, so an alias inside its own node is
        // not found: no cycle can be built.
        let Some(found) = self.anchors.get(&id) else {
            return self.refuse(span, "this alias refers to a value that contains it");
        };
        let (nodes, height) = (found.nodes, found.height);
        if self.open.len() + height > MAX_DEPTH {
            return Err(Box::new(too_deep(self.source, span)));
        }
        // Before the clone: the clone is what an attack would be after.
        self.count(nodes, span)?;
        let node = self.anchors[&id].node.clone();
        self.place(node, height);
        Ok(())
    }

    fn anchor(&mut self, id: usize, node: &Node, nodes: usize, height: usize) {
        if id != 0 {
            let node = node.clone();
            self.anchors.insert(
                id,
                Anchored {
                    node,
                    nodes,
                    height,
                },
            );
        }
    }

    fn place(&mut self, node: Node, height: usize) {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        parent.height = parent.height.max(height);
        match &mut parent.kind {
            Container::Seq(elements) => elements.push(node),
            Container::Map(map, key) => {
                if let Some(key) = key.take() {
                    map.insert(key, node, self.source, self.findings);
                }
            }
        }
    }

    fn count(&mut self, nodes: usize, span: Span) -> Step {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(Box::new(too_many(self.source, span)));
        }
        Ok(())
    }

    fn refuse(&self, span: Span, why: &str) -> Step {
        Err(Box::new(syntax(self.source, span, why, Format::Yaml)))
    }

    fn scan_error(&self, error: &ScanError) -> Box<Diagnostic> {
        let start = error.marker().byte_offset().unwrap_or_default();
        let span = Span {
            start,
            end: start + 1,
        };
        Box::new(syntax(self.source, span, error.info(), Format::Yaml))
    }
}

impl From<granit_parser::Span> for Span {
    fn from(span: granit_parser::Span) -> Self {
        let range = span.byte_range().unwrap_or_default();
        Self {
            start: range.start,
            end: range.end,
        }
    }
}
