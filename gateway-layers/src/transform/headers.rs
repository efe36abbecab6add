use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::template::{Facts, Template};

/// Edits of a header section: remove, rename, set, add, in this order.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderEdits {
    pub(super) remove: Vec<HeaderName>,
    pub(super) rename: Vec<(HeaderName, HeaderName)>,
    pub(super) set: Vec<(HeaderName, Template)>,
    pub(super) add: Vec<(HeaderName, Template)>,
}

impl HeaderEdits {
    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.set.is_empty()
            && self.add.is_empty()
    }

    pub(super) fn needs_facts(&self) -> bool {
        self.set
            .iter()
            .chain(&self.add)
            .any(|(_, value)| value.needs_facts())
    }

    /// Applies the edits. Values are filled in from the message as it came: a header that is
    /// removed can still be quoted.
    pub(super) fn apply(&self, headers: &mut HeaderMap, facts: &Facts) {
        let value = |template: &Template| template.header(facts, headers);
        let set: SmallVec<[_; 4]> = self
            .set
            .iter()
            .map(|(_, template)| value(template))
            .collect();
        let add: SmallVec<[_; 4]> = self
            .add
            .iter()
            .map(|(_, template)| value(template))
            .collect();
        for name in &self.remove {
            headers.remove(name);
        }
        for (from, to) in &self.rename {
            rename(headers, from, to);
        }
        for ((name, _), value) in self.set.iter().zip(set) {
            match value {
                Some(value) => _ = headers.insert(name.clone(), value),
                // The rule owns the header: without a value of ours there is none, least of all
                // the one a client sent.
                None => _ = headers.remove(name),
            }
        }
        for ((name, _), value) in self.add.iter().zip(add) {
            if let Some(value) = value {
                headers.append(name.clone(), value);
            }
        }
    }
}

/// Moves all values, in order, in place of those `to` has.
fn rename(headers: &mut HeaderMap, from: &HeaderName, to: &HeaderName) {
    let values: SmallVec<[HeaderValue; 2]> = headers.get_all(from).iter().cloned().collect();
    if values.is_empty() {
        return;
    }
    headers.remove(from);
    headers.remove(to);
    for value in values {
        headers.append(to.clone(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn name(text: &'static str) -> HeaderName {
        HeaderName::from_static(text)
    }

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap()
    }

    #[test]
    fn the_order_is_remove_rename_set_add() {
        let edits = HeaderEdits {
            remove: vec![name("cookie"), name("b")],
            rename: vec![(name("a"), name("b")), (name("none"), name("c"))],
            set: vec![(name("c"), template("${header:cookie}"))],
            add: vec![
                (name("c"), template("2")),
                (name("d"), template("${claim:x}")),
            ],
        };
        let mut headers = map(&[
            ("cookie", "k"),
            ("a", "1"),
            ("a", "2"),
            ("b", "old"),
            ("c", "x"),
        ]);
        edits.apply(&mut headers, &Facts::default());
        assert_eq!(
            headers,
            map(&[("b", "1"), ("b", "2"), ("c", "k"), ("c", "2")])
        );
    }

    #[test]
    fn set_without_a_value_leaves_none() {
        let edits = HeaderEdits {
            set: vec![(name("x-user"), template("${claim:sub}"))],
            ..HeaderEdits::default()
        };
        let mut headers = map(&[("x-user", "forged")]);
        edits.apply(&mut headers, &Facts::default());
        assert!(headers.is_empty());
    }
}
