//! A tree of path segments, walked from the most to the least specific branch.
//!
//! A radix tree that answers with its one best pattern (matchit, as axum uses it) is not enough
//! here: when that pattern's routes fail on method, header or query, the search must go on with the
//! next best pattern. So the walk backtracks: literal, then text around a parameter, then a
//! parameter, then the rest. Its cost depends on the depth of the path, not on the number of routes.

use std::{collections::HashMap, ops::Range};

use compact_str::CompactString;
use smallvec::SmallVec;

use super::pattern::{PathPattern, Segment};

/// Where the parameters' values are in the path, in the order of the pattern.
pub(super) type Captures = SmallVec<[Range<usize>; 4]>;

/// Route numbers that share a pattern, in the order in which they are tried.
pub(super) type Leaf = SmallVec<[u32; 2]>;

#[derive(Debug, Default)]
pub(super) struct Tree {
    literals: Literals,
    mixed: Vec<(CompactString, CompactString, Self)>,
    param: Option<Box<Self>>,
    rest: Leaf,
    here: Leaf,
}

/// Most nodes have one child or none; a map for each would be most of the tree's memory.
#[derive(Debug, Default)]
enum Literals {
    #[default]
    None,
    One(CompactString, Box<Tree>),
    Many(HashMap<CompactString, Tree, foldhash::fast::RandomState>),
}

impl Literals {
    fn get(&self, segment: &str) -> Option<&Tree> {
        match self {
            Self::None => None,
            Self::One(literal, tree) => (literal == segment).then_some(tree),
            Self::Many(map) => map.get(segment),
        }
    }

    fn entry(&mut self, segment: &CompactString) -> &mut Tree {
        *self = match std::mem::take(self) {
            Self::None => Self::One(segment.clone(), Box::default()),
            Self::One(literal, tree) if literal != *segment => {
                let mut map = HashMap::default();
                map.insert(literal, *tree);
                Self::Many(map)
            }
            same => same,
        };
        match self {
            Self::None => unreachable!("replaced above"),
            Self::One(_, tree) => tree,
            Self::Many(map) => map.entry(segment.clone()).or_default(),
        }
    }
}

impl Tree {
    /// The leaf for `pattern`, made if there is none yet.
    pub(super) fn leaf(&mut self, pattern: &PathPattern) -> &mut Leaf {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text),
                Segment::Param(_) => node.param.get_or_insert_default(),
                Segment::Mixed { prefix, suffix, .. } => node.mixed_entry(prefix, suffix),
                Segment::Rest(_) => return &mut node.rest,
            };
        }
        &mut node.here
    }

    /// Kept in order of fixed text, longest first: more text is more specific.
    fn mixed_entry(&mut self, prefix: &CompactString, suffix: &CompactString) -> &mut Self {
        let found = self
            .mixed
            .iter()
            .position(|(p, s, _)| p == prefix && s == suffix);
        let index = found.unwrap_or_else(|| {
            let fixed = prefix.len() + suffix.len();
            let index = self
                .mixed
                .partition_point(|(p, s, _)| p.len() + s.len() >= fixed);
            self.mixed
                .insert(index, (prefix.clone(), suffix.clone(), Self::default()));
            index
        });
        &mut self.mixed[index].2
    }

    /// Shows the leaves that match `path` to `accept`, most specific first, until it answers true.
    pub(super) fn find(
        &self,
        path: &str,
        accept: &mut dyn FnMut(&Leaf, &Captures) -> bool,
    ) -> bool {
        self.walk(path, 1, &mut Captures::new(), accept)
    }

    /// `at` is where the next segment begins; beyond the end of the path there is none.
    fn walk(
        &self,
        path: &str,
        at: usize,
        captures: &mut Captures,
        accept: &mut dyn FnMut(&Leaf, &Captures) -> bool,
    ) -> bool {
        if at > path.len() {
            return self.accept_here(captures, accept)
                || self.accept_rest(path, at, captures, accept);
        }
        let end = path[at..].find('/').map_or(path.len(), |slash| at + slash);
        let segment = &path[at..end];
        if let Some(next) = self.literals.get(segment)
            && next.walk(path, end + 1, captures, accept)
        {
            return true;
        }
        for (prefix, suffix, next) in &self.mixed {
            if segment.len() > prefix.len() + suffix.len()
                && segment.starts_with(prefix.as_str())
                && segment.ends_with(suffix.as_str())
            {
                captures.push(at + prefix.len()..end - suffix.len());
                if next.walk(path, end + 1, captures, accept) {
                    return true;
                }
                captures.pop();
            }
        }
        if let Some(next) = &self.param
            && !segment.is_empty()
        {
            captures.push(at..end);
            if next.walk(path, end + 1, captures, accept) {
                return true;
            }
            captures.pop();
        }
        self.accept_rest(path, at, captures, accept)
    }

    fn accept_here(
        &self,
        captures: &Captures,
        accept: &mut dyn FnMut(&Leaf, &Captures) -> bool,
    ) -> bool {
        !self.here.is_empty() && accept(&self.here, captures)
    }

    fn accept_rest(
        &self,
        path: &str,
        at: usize,
        captures: &mut Captures,
        accept: &mut dyn FnMut(&Leaf, &Captures) -> bool,
    ) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        captures.push(at.min(path.len())..path.len());
        let accepted = accept(&self.rest, captures);
        captures.pop();
        accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(patterns: &[&str], path: &str) -> Vec<String> {
        let mut tree = Tree::default();
        for (number, pattern) in patterns.iter().enumerate() {
            let pattern = PathPattern::parse(pattern).unwrap();
            tree.leaf(&pattern).push(u32::try_from(number).unwrap());
        }
        let mut seen = Vec::new();
        tree.find(path, &mut |leaf, captures| {
            let values: Vec<_> = captures.iter().map(|range| &path[range.clone()]).collect();
            seen.push(format!(
                "{} {}",
                patterns[leaf[0] as usize],
                values.join(",")
            ));
            false
        });
        seen
    }

    #[test]
    fn the_most_specific_is_tried_first_and_all_are_tried() {
        let patterns = [
            "/{*rest}",
            "/a/{x}",
            "/{y}/b",
            "/a/b",
            "/a/{x}c",
            "/a/{*rest}",
        ];
        assert_eq!(
            order(&patterns, "/a/b"),
            [
                "/a/b ",
                "/a/{x} b",
                "/a/{*rest} b",
                "/{y}/b a",
                "/{*rest} a/b"
            ]
        );
        assert_eq!(order(&patterns, "/a/bc")[0], "/a/{x}c b");
    }

    #[test]
    fn the_rest_may_be_empty() {
        let patterns = ["/shop/{*rest}", "/shop"];
        assert_eq!(order(&patterns, "/shop"), ["/shop ", "/shop/{*rest} "]);
        assert_eq!(order(&patterns, "/shop/"), ["/shop/{*rest} "]);
        assert_eq!(order(&["/{*rest}"], "/"), ["/{*rest} "]);
    }

    #[test]
    fn a_trailing_slash_is_part_of_the_path() {
        assert!(order(&["/a"], "/a/").is_empty());
        assert!(order(&["/a/"], "/a").is_empty());
        assert!(order(&["/a/{x}"], "/a/").is_empty());
        assert_eq!(order(&["/"], "/"), ["/ "]);
    }
}
