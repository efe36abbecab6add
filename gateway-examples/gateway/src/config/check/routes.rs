use gateway_core::config::{Diagnostic, Diagnostics, closest};
use gateway_layers::router::{MatchConfig, Router, Rule, Shadowed};

use super::{Subject, codes, names, targets};
use crate::config::load;

/// There are routes, their patterns parse, and each can be reached; every upstream is of use.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let defines = |section| !names::defined(subject.tree, section).is_empty();
    if !defines("routes") && !defines("forward_proxies") {
        findings.push(
            Diagnostic::error(codes::NO_ROUTES, "there are no routes")
                .note("a gateway without routes answers every request with 404")
                .note("begin with: gateway init"),
        );
    }
    upstreams(subject, findings);
    patterns(subject, findings);
}

fn upstreams(subject: Subject<'_>, findings: &mut Diagnostics) {
    let used = targets::references(subject.tree);
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
        let meant = |to: &str| closest(to, [name]).is_some();
        if !used.iter().any(|to| to.name == name || meant(to.name)) {
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
