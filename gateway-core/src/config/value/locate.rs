use std::fmt;

use super::{
    Tree,
    node::{Entry, Node, Span},
};
use crate::config::Location;

/// Where a path leads: the value, and the key in front of it if the value is in a map.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The value.
    pub node: &'a Node,
    /// The key it stands under.
    pub key: Option<Span>,
    /// Whether the whole path was found; otherwise this is as far as it leads.
    pub complete: bool,
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a map.
    Key(&'a str),
    /// Into a list.
    Index(usize),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl Tree {
    /// Follows a dotted path such as `routes.orders.layers.jwt.keys[2]` as far as it leads.
    ///
    /// Keys may contain dots themselves (`anthropic/claude-3.5`): at each map the longest key that
    /// the rest of the path starts with is taken.
    #[must_use]
    pub fn find(&self, path: &str) -> Place<'_> {
        let mut place = Place {
            node: self.root(),
            key: None,
            complete: true,
        };
        let mut rest = path;
        while !rest.is_empty() {
            let Some((node, key, tail)) = step(place.node, rest) else {
                place.complete = false;
                break;
            };
            place.node = node;
            place.key = key.or(place.key);
            rest = tail;
        }
        place
    }

    /// The place of the value at `path`; of its key where the value is a map or list. Where the path
    /// leads on to something the file does not have, the place of what is there.
    #[must_use]
    pub fn location(&self, path: &str) -> Location {
        let place = self.find(path);
        // A short form – `match: /x` for `match: { path: /x }` – is a text where the path leads on.
        let nested = !place.node.entries().is_empty()
            || !place.node.elements().is_empty()
            || (!place.complete && place.node.as_str().is_none());
        let span = match place.key {
            Some(key) if nested => key,
            _ => place.node.span,
        };
        self.source().locate(span)
    }

    /// The place of the key at `path`, or of the value if it has none.
    #[must_use]
    pub fn key_location(&self, path: &str) -> Location {
        let place = self.find(path);
        self.source().locate(place.key.unwrap_or(place.node.span))
    }

    /// The steps that lead to the value that `hit` accepts; it is shown the entry of the value too.
    pub(in crate::config) fn steps_to(
        &self,
        hit: &dyn Fn(&Node, Option<&Entry>) -> bool,
    ) -> Option<Vec<Step<'_>>> {
        let mut steps = Vec::new();
        (hit(self.root(), None) || search(self.root(), hit, &mut steps)).then_some(steps)
    }
}

fn step<'a, 'p>(node: &'a Node, path: &'p str) -> Option<(&'a Node, Option<Span>, &'p str)> {
    if let Some(index) = path.strip_prefix('[') {
        let (index, tail) = index.split_once(']')?;
        let element = node.elements().get(index.parse::<usize>().ok()?)?;
        return Some((element, None, tail.strip_prefix('.').unwrap_or(tail)));
    }
    let entry = node
        .entries()
        .iter()
        .filter(|entry| {
            path.strip_prefix(entry.key.text.as_str())
                .is_some_and(|tail| tail.is_empty() || tail.starts_with(['.', '[']))
        })
        .max_by_key(|entry| entry.key.text.len())?;
    let tail = &path[entry.key.text.len()..];
    let tail = tail.strip_prefix('.').unwrap_or(tail);
    // An empty key in front of an empty tail would lead nowhere for ever.
    (tail.len() < path.len()).then_some((&entry.node, Some(entry.key.span), tail))
}

fn search<'a>(
    node: &'a Node,
    hit: &dyn Fn(&Node, Option<&Entry>) -> bool,
    steps: &mut Vec<Step<'a>>,
) -> bool {
    for entry in node.entries() {
        steps.push(Step::Key(&entry.key.text));
        if hit(&entry.node, Some(entry)) || search(&entry.node, hit, steps) {
            return true;
        }
        steps.pop();
    }
    for (index, element) in node.elements().iter().enumerate() {
        steps.push(Step::Index(index));
        if hit(element, None) || search(element, hit, steps) {
            return true;
        }
        steps.pop();
    }
    false
}

/// Dots between keys, none before an index.
pub(in crate::config) fn join(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        if matches!(step, Step::Key(_)) && !path.is_empty() {
            path.push('.');
        }
        path.push_str(&step.to_string());
    }
    path
}
