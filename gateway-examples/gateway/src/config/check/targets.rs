use gateway_core::config::{Diagnostic, Diagnostics, Tree, value::Node};

use super::{Subject, codes, names};

/// A place of the file that names an upstream.
pub(super) struct Reference<'a> {
    path: String,
    pub(super) name: &'a str,
    /// Whether the name is the key at that place and not its value.
    is_key: bool,
}

/// Every route leads to one place, and the upstreams it names are there.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    for (name, _) in subject.config.routes.iter() {
        one_target(subject.tree, name, findings);
    }
    let defined = names::defined(subject.tree, "upstreams");
    for reference in references(subject.tree) {
        if !defined.contains(&reference.name) {
            findings.push(undefined(subject.tree, &reference));
        }
    }
}

/// Of the tree: a section that could not be read is a target all the same.
fn one_target(tree: &Tree, name: &str, findings: &mut Diagnostics) {
    let path = format!("routes.{name}");
    let has = |key: &&str| tree.find(&format!("{path}.{key}")).complete;
    let said: Vec<&str> = TARGETS.into_iter().filter(has).collect();
    match said.as_slice() {
        [_] => {}
        [] => findings.push(
            Diagnostic::error(codes::NO_TARGET, format!("route `{name}` leads nowhere"))
                .at(tree.key_location(&path))
                .path(&path)
                .label("add `to: <upstream>`, or a `split`, `aggregate` or `ai` section"),
        ),
        [first, .., last] => findings.push(
            Diagnostic::error(
                codes::NO_TARGET,
                format!("route `{name}` leads to two places"),
            )
            .at(tree.key_location(&format!("{path}.{first}")))
            .path(format!("{path}.{first}"))
            .label(format!("remove `{first}` or `{last}`: one of them answers")),
        ),
    }
}

fn undefined(tree: &Tree, reference: &Reference<'_>) -> Diagnostic {
    let Reference { path, name, is_key } = reference;
    let at = if *is_key {
        tree.key_location(path)
    } else {
        tree.location(path)
    };
    Diagnostic::error(
        codes::UNDEFINED_UPSTREAM,
        format!("upstream `{name}` is not defined"),
    )
    .at(at)
    .path(path)
    .label(names::suggestion(tree, "upstreams", name))
}

/// All places that name an upstream, whether or not there is one.
pub(super) fn references(tree: &Tree) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let root = tree.root();
    if let Some(layers) = root.get("defaults").and_then(|node| node.get("layers")) {
        layers_of(layers, "defaults.layers", &mut found);
    }
    for entry in tree.find("routes").node.entries() {
        route(
            &entry.node,
            &format!("routes.{}", entry.key.text),
            &mut found,
        );
    }
    found
}

fn route<'a>(route: &'a Node, path: &str, found: &mut Vec<Reference<'a>>) {
    named(route, path, found);
    let targets = route.get("split").and_then(|split| split.get("to"));
    for target in targets.iter().flat_map(|targets| targets.entries()) {
        let name = target.key.text.as_str();
        found.push(Reference {
            path: format!("{path}.split.to.{name}"),
            name,
            is_key: true,
        });
    }
    let parts = route
        .get("aggregate")
        .and_then(|aggregate| aggregate.get("parts"));
    for part in parts.iter().flat_map(|parts| parts.entries()) {
        let path = format!("{path}.aggregate.parts.{}", part.key.text);
        named(&part.node, &path, found);
    }
    if let Some(layers) = route.get("layers") {
        layers_of(layers, &format!("{path}.layers"), found);
    }
}

fn layers_of<'a>(layers: &'a Node, path: &str, found: &mut Vec<Reference<'a>>) {
    if let Some(mirror) = layers.get("mirror") {
        named(mirror, &format!("{path}.mirror"), found);
    }
}

/// The upstream in `to`.
fn named<'a>(node: &'a Node, path: &str, found: &mut Vec<Reference<'a>>) {
    if let Some(name) = node.get("to").and_then(Node::as_str) {
        found.push(Reference {
            path: format!("{path}.to"),
            name,
            is_key: false,
        });
    }
}

const TARGETS: [&str; 4] = ["to", "split", "aggregate", "ai"];
