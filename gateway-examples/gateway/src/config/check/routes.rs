use gateway_core::config::{Diagnostic, Diagnostics, closest};
use gateway_layers::router::{MatchConfig, Router, Rule, Shadowed};

use super::{Subject, codes, names};
use crate::config::{load, model::Route};

/// Routes lead somewhere, their patterns parse, and each can be reached.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    if names::defined(subject.tree, "routes").is_empty() {
        findings.push(
            Diagnostic::error(codes::NO_ROUTES, "there are no routes")
                .note("a gateway without routes answers every request with 404")
                .note("begin with: gateway init"),
        );
    }
    upstreams(subject, findings);
    for (name, route) in subject.config.routes.iter() {
        target(subject, name, route, findings);
    }
    patterns(subject, findings);
}

fn target(subject: Subject<'_>, name: &str, route: &Route, findings: &mut Diagnostics) {
    let path = format!("routes.{name}");
    let tree = subject.tree;
    // Of the tree: an `ai` section that could not be read is a target all the same.
    let has = |key: &str| tree.find(&format!("{path}.{key}")).complete;
    match (has("to"), has("ai")) {
        (false, false) => findings.push(
            Diagnostic::error(codes::NO_TARGET, format!("route `{name}` leads nowhere"))
                .at(tree.key_location(&path))
                .path(&path)
                .label("add `to: <upstream>` or an `ai` section"),
        ),
        (true, true) => findings.push(
            Diagnostic::error(
                codes::NO_TARGET,
                format!("route `{name}` leads to two places"),
            )
            .at(tree.key_location(&format!("{path}.to")))
            .path(&path)
            .label("either an upstream answers or models do: remove `to` or `ai`"),
        ),
        _ => {}
    }
    let Some(to) = &route.to else { return };
    if !names::defined(tree, "upstreams").contains(&to.as_str()) {
        let path = format!("{path}.to");
        findings.push(
            Diagnostic::error(
                codes::UNDEFINED_UPSTREAM,
                format!("upstream `{to}` is not defined"),
            )
            .at(tree.location(&path))
            .path(&path)
            .label(names::suggestion(tree, "upstreams", to)),
        );
    }
}

fn upstreams(subject: Subject<'_>, findings: &mut Diagnostics) {
    let used: Vec<&str> = subject
        .tree
        .find("routes")
        .node
        .entries()
        .iter()
        .filter_map(|route| route.node.get("to")?.as_str())
        .collect();
    for (name, upstream) in subject.config.upstreams.iter() {
        let path = format!("upstreams.{name}");
        let list = format!("{path}.endpoints");
        if subject.tree.find(&list).node.elements().is_empty() {
            findings.push(
                Diagnostic::error(
                    codes::NO_ENDPOINTS,
                    format!("upstream `{name}` has no endpoints"),
                )
                .at(subject.tree.key_location(&list))
                .path(&list)
                .label("name at least one, such as `http://127.0.0.1:9001`"),
            );
        }
        // A misspelt `to` is one mistake and is reported where it is.
        let meant = |to: &&str| closest(to, [name]).is_some();
        if !used.iter().any(|to| *to == name || meant(to)) {
            findings.push(
                Diagnostic::warning(
                    codes::UNUSED_UPSTREAM,
                    format!("no route uses upstream `{name}`"),
                )
                .at(subject.tree.key_location(&path))
                .path(&path)
                .label("it is never called"),
            );
        }
        let tls = format!("{path}.tls");
        let encrypted = upstream
            .endpoints
            .iter()
            .any(|endpoint| endpoint.url.uri().scheme_str() == Some("https"));
        if subject.tree.find(&tls).complete && !encrypted {
            findings.push(
                Diagnostic::warning(
                    codes::UNUSED_TLS,
                    format!("upstream `{name}` has options for TLS and no `https` endpoint"),
                )
                .at(subject.tree.key_location(&tls))
                .path(&tls)
                .label("these options have no effect"),
            );
        }
    }
}

/// Builds the routing table, which knows what no request can reach.
fn patterns(subject: Subject<'_>, findings: &mut Diagnostics) {
    let mut router = Router::<()>::new();
    for (name, route) in subject.config.routes.iter() {
        match Rule::from_config(name, &MatchConfig::from(&route.matches.0)) {
            Ok(rule) => router = router.add(rule, ()),
            Err(error) => {
                let prefix = format!("routes.{name}.match");
                findings.push(load::refusal(subject.tree, &error.at(&prefix)));
            }
        }
    }
    for Shadowed { route, by } in router.shadowed() {
        let path = format!("routes.{route}.match");
        let at = subject.tree.key_location(&format!("routes.{by}"));
        findings.push(
            Diagnostic::warning(codes::SHADOWED, format!("route `{route}` can never match"))
                .at(subject.tree.location(&path))
                .path(&path)
                .label(format!(
                    "`{by}` at {}:{} takes all its requests",
                    at.file, at.line
                )),
        );
    }
}
