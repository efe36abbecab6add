use gateway_core::{
    Key,
    config::{Diagnostic, Diagnostics, codes::LITERAL_SECRET},
};

use super::{Subject, codes};
use crate::config::model::{Layers, Route};

/// Layers that need each other, and options that only a builder can judge.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    for (name, route) in subject.config.routes.iter() {
        let layers = subject.config.layers_of(route);
        let place = Place {
            subject,
            route,
            name,
        };
        cache_partition(place, &layers, findings);
        keys(place, &layers, findings);
        literal_keys(place, findings);
    }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    subject: Subject<'a>,
    route: &'a Route,
    name: &'a str,
}

impl Place<'_> {
    /// The path of a layer's options: in the route, or in the defaults it has them from.
    fn layer(self, layer: &str) -> String {
        let own = format!("routes.{}.layers.{layer}", self.name);
        if self.subject.tree.find(&own).complete {
            own
        } else {
            format!("defaults.layers.{layer}")
        }
    }

    /// Whether the route says who the caller is. What could not be read counts as said.
    fn authenticates(self) -> bool {
        ["client_cert", "jwt", "api_key"].into_iter().any(|layer| {
            let own = format!("routes.{}.layers.{layer}", self.name);
            let default = format!("defaults.layers.{layer}");
            let said = [own, default]
                .iter()
                .map(|path| self.subject.tree.find(path))
                .find(|place| place.complete);
            said.is_some_and(|place| place.node.as_str() != Some("disabled"))
        })
    }
}

/// A cache outside of which callers are told apart must tell them apart itself, or say that it
/// need not.
fn cache_partition(place: Place<'_>, layers: &Layers, findings: &mut Diagnostics) {
    let Some(cache) = layers.cache() else { return };
    if cache.partition.is_some() || !place.authenticates() {
        return;
    }
    let path = place.layer("cache");
    findings.push(
        Diagnostic::error(
            codes::CACHE_PARTITION,
            format!(
                "route `{}` knows its callers and its cache does not tell them apart",
                place.name
            ),
        )
        .at(place.subject.tree.key_location(&path))
        .path(&path)
        .label("add `partition: subject`, or `partition: global` if all may see the same"),
    );
}

/// Keys parse, and what they are made of is there.
fn keys(place: Place<'_>, layers: &Layers, findings: &mut Diagnostics) {
    let mut keys: Vec<(String, &str)> = Vec::new();
    if let Some(cache) = layers.cache()
        && let Some(key) = &cache.partition
    {
        keys.push((format!("{}.partition", place.layer("cache")), key));
    }
    if let Some(limit) = layers.rate_limit() {
        let path = place.layer("rate_limit");
        keys.extend(limit.key.as_deref().map(|key| (format!("{path}.key"), key)));
        for (index, policy) in limit.policies.iter().enumerate() {
            let path = format!("{path}.policies[{index}].key");
            keys.extend(policy.key.as_deref().map(|key| (path, key)));
        }
    }
    if let Some(split) = &place.route.split {
        let path = format!("routes.{}.split.sticky", place.name);
        keys.extend(split.sticky.as_deref().map(|key| (path, key)));
    }
    if let Some(limit) = layers.concurrency() {
        let path = place.layer("concurrency");
        keys.extend(limit.key.as_deref().map(|key| (format!("{path}.key"), key)));
        let priority = limit.priority.iter().map(|priority| &*priority.key);
        keys.extend(priority.map(|key| (format!("{path}.priority.key"), key)));
    }
    for (path, text) in keys {
        // A key that does not parse is refused by the builder of its layer.
        let Ok(key) = text.parse::<Key>() else {
            continue;
        };
        if !key.needs_identity() || place.authenticates() {
            continue;
        }
        findings.push(
            Diagnostic::error(
                codes::KEY_NEEDS_AUTH,
                format!(
                    "`{text}` needs to know the caller, and route `{}` has no authentication",
                    place.name
                ),
            )
            .at(place.subject.tree.location(&path))
            .path(&path)
            .label(format!(
                "add the layer `jwt` or `api_key`, or write `{text}.or(client_ip)`"
            )),
        );
    }
}

/// A key in its short form is a plain text, so its type cannot tell that it should be a reference.
fn literal_keys(place: Place<'_>, findings: &mut Diagnostics) {
    if place.route.layers.api_key.is_none() {
        return;
    }
    let path = format!("routes.{}.layers.api_key.keys", place.name);
    for (index, key) in place
        .subject
        .tree
        .find(&path)
        .node
        .elements()
        .iter()
        .enumerate()
    {
        if !key.is_literal_text() {
            continue;
        }
        let path = format!("{path}[{index}]");
        findings.push(
            Diagnostic::warning(LITERAL_SECRET, "an API key is written out")
                .at(place.subject.tree.location(&path).masked())
                .path(&path)
                .label("refer to it: `${env:NAME}` or `${file:/path}`"),
        );
    }
}
