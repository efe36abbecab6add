use std::{borrow::Cow, ops::Range};

use super::scan::{Member, Shape, Text};
use crate::transform::pointer::{Pointer, Token};

/// One edit. What it is about may be absent, and then it has no effect: an answer without the
/// member that is to be removed is as good as one without it now.
#[derive(Clone, Debug)]
pub(in crate::transform) enum Op {
    /// Gives the place this value, making the objects on the way to it.
    Set(Pointer, Box<str>),
    /// RFC 6902 `add`: inserts into an array, sets a member of an object; the container must exist.
    Add(Pointer, Box<str>),
    /// RFC 6902 `remove`.
    Remove(Pointer),
    /// RFC 6902 `move`; within one object the member keeps its place.
    Rename(Pointer, Pointer),
}

/// Applies `ops` in order to the document `text`, which [is JSON](super::is_json). Borrowed if none
/// had an effect.
///
/// Every member of a repeated name is edited: readers differ in which one they take.
pub(in crate::transform) fn apply<'a>(text: &'a [u8], ops: &[Op]) -> Cow<'a, [u8]> {
    let mut document = Cow::Borrowed(text);
    for op in ops {
        if let Some(edited) = apply_one(&document, op) {
            document = Cow::Owned(edited);
        }
    }
    document
}

fn apply_one(text: &[u8], op: &Op) -> Option<Vec<u8>> {
    match op {
        Op::Set(place, value) => edit(text, place, Edit::Set(value.as_bytes())),
        Op::Add(place, value) => edit(text, place, Edit::Add(value.as_bytes())),
        Op::Remove(place) => edit(text, place, Edit::Remove),
        Op::Rename(from, to) => match from.sibling_name(to) {
            Some(name) if name == from.tokens().last()? => None,
            Some(name) if name.index().is_none() && !name.is_end() => {
                edit(text, from, Edit::Rename(name))
            }
            _ => {
                let value = text[find(text, from)?].to_vec();
                edit(&edit(text, from, Edit::Remove)?, to, Edit::Add(&value))
            }
        },
    }
}

#[derive(Clone, Copy)]
enum Edit<'a> {
    Set(&'a [u8]),
    Add(&'a [u8]),
    Remove,
    Rename(&'a Token),
}

fn edit(text: &[u8], place: &Pointer, edit: Edit<'_>) -> Option<Vec<u8>> {
    let mut writer = Writer {
        text: Text(text),
        out: Vec::with_capacity(text.len() + 64),
        edit,
        changed: false,
    };
    let root = writer.text.root();
    writer.copy(0..root.start);
    writer.value(&root, place.tokens());
    writer.copy(root.end..text.len());
    writer.changed.then_some(writer.out)
}

/// The first value at `place` of the document `text`, which [is JSON](super::is_json).
pub(crate) fn find(text: &[u8], place: &Pointer) -> Option<Range<usize>> {
    let scan = Text(text);
    let mut at = scan.root();
    for token in place.tokens() {
        let shape = scan.shape(&at);
        let members = if shape == Shape::Scalar {
            Vec::new()
        } else {
            scan.members(&at)
        };
        let found = members
            .iter()
            .enumerate()
            .find(|(index, member)| hits(scan, shape, *index, member, token));
        at = found?.1.value.clone();
    }
    Some(at)
}

fn hits(text: Text<'_>, shape: Shape, index: usize, member: &Member, token: &Token) -> bool {
    match shape {
        Shape::Object => text.is_named(&member.key, token.as_str()),
        Shape::Array => token.index() == Some(index),
        Shape::Scalar => false,
    }
}

/// Copies a document while it edits one place.
struct Writer<'a> {
    text: Text<'a>,
    out: Vec<u8>,
    edit: Edit<'a>,
    changed: bool,
}

impl Writer<'_> {
    fn copy(&mut self, span: Range<usize>) {
        self.out.extend_from_slice(&self.text.0[span]);
    }

    fn value(&mut self, at: &Range<usize>, path: &[Token]) {
        match (path, self.edit, self.text.shape(at)) {
            ([], Edit::Set(value) | Edit::Add(value), _) => self.put(value),
            ([], ..) | (_, _, Shape::Scalar) => self.copy(at.clone()),
            ([token, rest @ ..], _, shape) => self.container(at, shape, token, rest),
        }
    }

    fn put(&mut self, value: &[u8]) {
        self.out.extend_from_slice(value);
        self.changed = true;
    }

    fn container(&mut self, at: &Range<usize>, shape: Shape, token: &Token, rest: &[Token]) {
        let members = self.text.members(at);
        let text = self.text;
        let hit = |(index, member): (usize, &Member)| hits(text, shape, index, member, token);
        let any = members.iter().enumerate().any(hit);
        let last = rest.is_empty();
        let mut list = List::open(self, at.start);
        for (index, member) in members.iter().enumerate() {
            let here = hit((index, member));
            match list.writer.edit {
                Edit::Remove if here && last => list.writer.changed = true,
                Edit::Rename(name) if last && any && list.writer.is(member, name) && !here => {
                    list.writer.changed = true;
                }
                Edit::Rename(name) if here && last && shape == Shape::Object => {
                    list.rename(member, name);
                }
                Edit::Add(value) if here && last && shape == Shape::Array => {
                    list.insert(None, value);
                    list.keep(member);
                }
                _ if here => list.descend(member, rest),
                _ => list.keep(member),
            }
        }
        if !any {
            list.append(shape, members.len(), token, rest);
        }
        list.close(at, members.is_empty());
    }

    fn is(&self, member: &Member, name: &Token) -> bool {
        self.text.is_named(&member.key, name.as_str())
    }
}

/// The members of a container on their way out, commas between them.
struct List<'w, 'a> {
    writer: &'w mut Writer<'a>,
    empty: bool,
}

impl<'w, 'a> List<'w, 'a> {
    fn open(writer: &'w mut Writer<'a>, start: usize) -> Self {
        writer.copy(start..start + 1);
        Self {
            writer,
            empty: true,
        }
    }

    fn next(&mut self) {
        if !self.empty {
            self.writer.out.push(b',');
        }
        self.empty = false;
    }

    fn keep(&mut self, member: &Member) {
        self.next();
        self.writer.copy(member.whole.clone());
    }

    fn descend(&mut self, member: &Member, rest: &[Token]) {
        self.next();
        self.writer.copy(member.whole.start..member.value.start);
        self.writer.value(&member.value, rest);
        self.writer.copy(member.value.end..member.whole.end);
    }

    fn rename(&mut self, member: &Member, name: &Token) {
        self.next();
        self.writer.copy(member.whole.start..member.key.start);
        self.writer.put(&quoted(name));
        self.writer.copy(member.key.end..member.whole.end);
    }

    fn insert(&mut self, name: Option<&Token>, value: &[u8]) {
        self.next();
        if let Some(name) = name {
            self.writer.put(&quoted(name));
            self.writer.put(b":");
        }
        self.writer.put(value);
    }

    /// Puts what is not there behind what is, where the edit may: a member into an object, an
    /// element after the last one of an array. Only `Set` makes what lies between.
    fn append(&mut self, shape: Shape, length: usize, token: &Token, rest: &[Token]) {
        let value = match (self.writer.edit, rest) {
            (Edit::Set(value) | Edit::Add(value), []) => Cow::Borrowed(value),
            (Edit::Set(value), rest) => match nested(rest, value) {
                Some(value) => Cow::Owned(value),
                None => return,
            },
            (Edit::Add(_) | Edit::Remove | Edit::Rename(_), _) => return,
        };
        let adds = matches!(self.writer.edit, Edit::Add(_));
        match shape {
            Shape::Object => self.insert(Some(token), &value),
            Shape::Array if token.is_end() || (adds && token.index() == Some(length)) => {
                self.insert(None, &value);
            }
            Shape::Array | Shape::Scalar => {}
        }
    }

    /// An empty container keeps its inner space.
    fn close(self, at: &Range<usize>, was_empty: bool) {
        let end = at.end - 1;
        if was_empty && self.empty {
            self.writer.copy(at.start + 1..end);
        }
        self.writer.copy(end..at.end);
    }
}

/// Objects for the tokens in `path` around `value`; none if one of them is a place in an array.
fn nested(path: &[Token], value: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for token in path {
        if token.index().is_some() || token.is_end() {
            return None;
        }
        text.push(b'{');
        text.extend_from_slice(&quoted(token));
        text.push(b':');
    }
    text.extend_from_slice(value);
    text.extend(std::iter::repeat_n(b'}', path.len()));
    Some(text)
}

fn quoted(name: &Token) -> Vec<u8> {
    serde_json::Value::from(name.as_str())
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{super::is_json, *};

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    fn set(place: &str, value: &str) -> Op {
        Op::Set(pointer(place), value.into())
    }

    fn add(place: &str, value: &str) -> Op {
        Op::Add(pointer(place), value.into())
    }

    fn remove(place: &str) -> Op {
        Op::Remove(pointer(place))
    }

    fn rename(from: &str, to: &str) -> Op {
        Op::Rename(pointer(from), pointer(to))
    }

    fn check(cases: &[(&str, Op, &str)]) {
        for (before, op, after) in cases {
            let edited = apply(before.as_bytes(), std::slice::from_ref(op));
            assert_eq!(
                std::str::from_utf8(&edited).unwrap(),
                *after,
                "{before} {op:?}"
            );
            assert!(is_json(&edited));
            let borrowed = matches!(edited, Cow::Borrowed(_));
            assert!(!borrowed || before == after);
        }
    }

    #[test]
    fn every_other_byte_stays() {
        let before = "{ \"big\" : 123456789012345678901234567890,\n \"f\":1.0, \"e\":1e400, \"s\":\"\\u00e9\" , \"x\": {\"y\":-0.0} }\n";
        check(&[
            (before, remove("/f"), &before.replace("\n \"f\":1.0,", "")),
            (before, set("/x/y", "2"), &before.replace("-0.0", "2")),
            (
                before,
                rename("/s", "/t"),
                &before.replace("\"s\"", "\"t\""),
            ),
            (
                before,
                set("/n", "1"),
                &before.replace(" }\n", " ,\"n\":1}\n"),
            ),
        ]);
    }

    #[test]
    fn set_makes_its_way_and_add_does_not() {
        check(&[
            ("{}", set("/a/b", "1"), r#"{"a":{"b":1}}"#),
            ("{}", add("/a/b", "1"), "{}"),
            ("{}", add("/a", "1"), r#"{"a":1}"#),
            (r#"{"a":0}"#, add("/a", "1"), r#"{"a":1}"#),
            (r#"{"a":5}"#, set("/a/b", "1"), r#"{"a":5}"#),
            ("[1,2]", set("/0", "9"), "[9,2]"),
            ("[1,2]", add("/0", "9"), "[9,1,2]"),
            ("[1,2]", add("/2", "9"), "[1,2,9]"),
            ("[1,2]", add("/3", "9"), "[1,2]"),
            ("[1,2]", set("/2", "9"), "[1,2]"),
            ("[1,2]", set("/-", "9"), "[1,2,9]"),
            ("[ ]", add("/-", "9"), "[9]"),
            ("{}", set("/a/0", "1"), "{}"),
            ("[1]", set("/a", "1"), "[1]"),
            (" 5 ", set("", "{}"), " {} "),
            ("{}", set("/é\"", "1"), "{\"é\\\"\":1}"),
        ]);
    }

    #[test]
    fn remove_takes_the_comma_along() {
        check(&[
            (r#"{"a":1,"b":2}"#, remove("/a"), r#"{"b":2}"#),
            (r#"{"a":1,"b":2}"#, remove("/b"), r#"{"a":1}"#),
            (r#"{"a":1}"#, remove("/a"), "{}"),
            ("[1, 2, 3]", remove("/1"), "[1, 3]"),
            ("{ }", remove("/a"), "{ }"),
            (
                r#"{"a":{"s":1},"b":1,"a":{"s":2}}"#,
                remove("/a/s"),
                r#"{"a":{},"b":1,"a":{}}"#,
            ),
            (r#"{"a":1,"\u0061":2}"#, remove("/a"), "{}"),
        ]);
    }

    #[test]
    fn rename_keeps_the_place_and_moves_across() {
        check(&[
            (r#"{"a":1,"b":2}"#, rename("/a", "/c"), r#"{"c":1,"b":2}"#),
            (r#"{"a":1,"b":2}"#, rename("/a", "/b"), r#"{"b":1}"#),
            (r#"{"b":2}"#, rename("/a", "/b"), r#"{"b":2}"#),
            (r#"{"a":1}"#, rename("/a", "/a"), r#"{"a":1}"#),
            (
                r#"{"a":{"x":1},"b":{}}"#,
                rename("/a/x", "/b/y"),
                r#"{"a":{},"b":{"y":1}}"#,
            ),
            (
                r#"{"a":{"x":1}}"#,
                rename("/a/x", "/c/y"),
                r#"{"a":{"x":1}}"#,
            ),
            ("[1,2,3]", rename("/0", "/2"), "[2,3,1]"),
        ]);
    }

    #[test]
    fn many_repeated_names_take_linear_time() {
        let members = vec!["\"a\":1"; 200_000].join(",");
        let text = format!("{{{members}}}");
        assert_eq!(&*apply(text.as_bytes(), &[remove("/a")]), b"{}");
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c\"\\\\é,}\\]]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c\"~/]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn place() -> impl Strategy<Value = String> {
        let token = prop_oneof![
            "[a-c\"]{1,2}",
            "[0-3]",
            Just("~0".into()),
            Just("~1".into())
        ];
        proptest::collection::vec(token, 1..4)
            .prop_map(|tokens| tokens.iter().map(|token| format!("/{token}")).collect())
    }

    /// RFC 6902 `add` and `remove` on values, as the yardstick.
    fn model(document: &mut Value, place: &str, value: Option<Value>) {
        let Some((parent, name)) = place.rsplit_once('/') else {
            return;
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        match (document.pointer_mut(parent), value) {
            (Some(Value::Object(map)), Some(value)) => _ = map.insert(name, value),
            (Some(Value::Object(map)), None) => _ = map.remove(&name),
            (Some(Value::Array(list)), value) => {
                let Ok(index) = name.parse::<usize>() else {
                    return;
                };
                match value {
                    Some(value) if index <= list.len() => list.insert(index, value),
                    None if index < list.len() => _ = list.remove(index),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn text_edits_equal_value_edits(document in document(), place in place(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            for (op, value) in [(add(&place, "[0]"), Some(json!([0]))), (remove(&place), None)] {
                let mut expected = document.clone();
                model(&mut expected, &place, value);
                let edited = apply(text.as_bytes(), &[op]);
                prop_assert_eq!(serde_json::from_slice::<Value>(&edited).unwrap(), expected);
            }
        }

        #[test]
        fn what_was_set_is_there(document in document(), place in place()) {
            let text = document.to_string();
            let edited = apply(text.as_bytes(), &[set(&place, "7")]);
            let value: Value = serde_json::from_slice(&edited).unwrap();
            prop_assert!(value.pointer(&place) == Some(&json!(7)) || value == document);
        }
    }
}
