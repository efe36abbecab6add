//! The table of routes: which one takes a request, and why none does.

use std::{collections::HashMap, sync::Arc};

use compact_str::CompactString;
use gateway_core::{Route, context::Params};
use http::{HeaderMap, Method, Uri, header};
use smallvec::SmallVec;

use super::{
    host::{self, HostPattern},
    path::CleanPath,
    rule::Rule,
    tree::{Captures, Leaf, Tree},
};

/// Routes and what they lead to.
#[derive(Debug)]
pub(super) struct Table<T> {
    entries: Vec<Entry<T>>,
    exact: HashMap<CompactString, Tree, foldhash::fast::RandomState>,
    /// Longest domain first.
    wildcard: Vec<(CompactString, Tree)>,
    any: Tree,
}

#[derive(Debug)]
struct Entry<T> {
    rule: Rule,
    /// What is told of the rule to whoever asks; a path's parameters are added.
    route: Route,
    value: T,
}

/// The head of a request, as far as routes look at it.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) uri: &'a Uri,
    pub(super) path: &'a CleanPath<'a>,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// `Host` tells it for a target that does not (RFC 9112 §3.2.2).
    fn host(&self) -> Option<&'a str> {
        let field = || self.headers.get(header::HOST)?.to_str().ok();
        self.uri.host().or_else(field)
    }
}

/// What the table says.
#[derive(Debug)]
pub(super) enum Found<'a, T> {
    /// This route takes the request.
    Route(Route, &'a T),
    /// No route has this path.
    Nothing,
    /// Routes have this path, with these methods.
    Methods(SmallVec<[Method; 4]>),
    /// The route with this path takes no `%2F` or no `;`.
    Ambiguous,
}

impl<T> Table<T> {
    pub(super) fn insert(&mut self, rule: Rule, value: T) {
        let number = u32::try_from(self.entries.len()).expect("four thousand million routes");
        let hosts = rule.hosts.clone().into_iter().map(Some);
        let all = rule.hosts.is_empty().then_some(None);
        let conditions = rule.conditions();
        for host in hosts.chain(all) {
            let tree = tree_for(
                &mut self.exact,
                &mut self.wildcard,
                &mut self.any,
                host.as_ref(),
            );
            let leaf = tree.leaf(&rule.path);
            let entries = &self.entries;
            let index = leaf
                .partition_point(|other| entries[*other as usize].rule.conditions() >= conditions);
            leaf.insert(index, number);
        }
        let route = Route::new(
            Arc::clone(&rule.name),
            rule.path.shared(),
            Params::default(),
        );
        self.entries.push(Entry { rule, route, value });
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Rule, &T)> {
        self.entries.iter().map(|entry| (&entry.rule, &entry.value))
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.entries.iter().map(|entry| &entry.rule)
    }

    pub(super) fn find(&self, head: &Head<'_>) -> Found<'_, T> {
        let mut search = Search {
            table: self,
            head,
            found: None,
            methods: SmallVec::new(),
            ambiguous: false,
        };
        self.search(head, |tree| {
            tree.find(head.path.as_str(), &mut |leaf, captures| {
                search.try_leaf(leaf, captures)
            })
        });
        match search.found {
            Some((route, value)) => Found::Route(route, value),
            None if search.ambiguous => Found::Ambiguous,
            None if search.methods.is_empty() => Found::Nothing,
            None => Found::Methods(search.methods),
        }
    }

    /// Visits the trees that hold routes for the request's host, the most specific host first.
    fn search(&self, head: &Head<'_>, mut visit: impl FnMut(&Tree) -> bool) {
        if !(self.exact.is_empty() && self.wildcard.is_empty())
            && let Some(host) = head.host()
        {
            let name = host::canonical(host);
            if self.exact.get(&name).is_some_and(&mut visit) {
                return;
            }
            let below = |domain: &str| {
                name.strip_suffix(domain)
                    .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            };
            for (domain, tree) in &self.wildcard {
                if below(domain) && visit(tree) {
                    return;
                }
            }
        }
        visit(&self.any);
    }
}

fn tree_for<'a>(
    exact: &'a mut HashMap<CompactString, Tree, foldhash::fast::RandomState>,
    wildcard: &'a mut Vec<(CompactString, Tree)>,
    any: &'a mut Tree,
    host: Option<&HostPattern>,
) -> &'a mut Tree {
    let Some(host) = host else {
        return any;
    };
    if !host.wildcard {
        return exact.entry(host.name.clone()).or_default();
    }
    let index = match wildcard.iter().position(|(name, _)| *name == host.name) {
        Some(index) => index,
        None => {
            let index = wildcard.partition_point(|(name, _)| name.len() >= host.name.len());
            wildcard.insert(index, (host.name.clone(), Tree::default()));
            index
        }
    };
    &mut wildcard[index].1
}

struct Search<'t, 'h, T> {
    table: &'t Table<T>,
    head: &'h Head<'h>,
    found: Option<(Route, &'t T)>,
    methods: SmallVec<[Method; 4]>,
    ambiguous: bool,
}

impl<T> Search<'_, '_, T> {
    fn try_leaf(&mut self, leaf: &Leaf, captures: &Captures) -> bool {
        let head = self.head;
        let asked = preflight_of(head).unwrap_or_else(|| head.method.clone());
        for number in leaf {
            let entry = &self.table.entries[*number as usize];
            let rule = &entry.rule;
            if !rule.takes_rest(head.headers, head.uri.query()) {
                continue;
            }
            if !rule.takes_method(&asked) && !rule.takes_method(head.method) {
                for method in &rule.methods {
                    if !self.methods.contains(method) {
                        self.methods.push(method.clone());
                    }
                }
                continue;
            }
            // The most specific match decides: to look for a laxer route behind it is the bypass.
            if (head.path.has_encoded_slash() && !rule.encoded_slash)
                || (head.path.has_semicolon() && !rule.semicolon)
            {
                self.ambiguous = true;
                return true;
            }
            self.found = Some((entry.route(head.path.as_str(), captures), &entry.value));
            return true;
        }
        false
    }
}

/// A CORS preflight belongs to the route whose method it asks about (Fetch §3.2.2), since that
/// route's policy answers it.
fn preflight_of(head: &Head<'_>) -> Option<Method> {
    if *head.method != Method::OPTIONS || !head.headers.contains_key(http::header::ORIGIN) {
        return None;
    }
    let asked = head
        .headers
        .get(http::header::ACCESS_CONTROL_REQUEST_METHOD)?;
    Method::from_bytes(asked.as_bytes()).ok()
}

impl<T> Entry<T> {
    fn route(&self, path: &str, captures: &Captures) -> Route {
        let params: Params = self
            .rule
            .path
            .names()
            .zip(captures)
            .map(|(name, range)| (name, super::path::decode_segment(&path[range.clone()])))
            .collect();
        self.route.with_params(params)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            exact: HashMap::default(),
            wildcard: Vec::new(),
            any: Tree::default(),
        }
    }
}
