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
mod tests;
