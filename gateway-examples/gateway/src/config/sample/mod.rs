//! The complete sample in three syntaxes, and the proof that it is complete.

use std::collections::BTreeSet;

use gateway_core::config::{Format, Lookup, Source, value::Node};
use serde_json::{Value, json};

use super::{Loaded, load_text, schema};

struct AnyEnv;

impl Lookup for AnyEnv {
    fn env(&self, name: &str) -> Option<String> {
        if name == "GOOGLE_ACCOUNT" {
            let user = json!({ "type": "authorized_user", "client_id": "id",
                               "client_secret": "secret", "refresh_token": "token" });
            return Some(user.to_string());
        }
        Some(format!("a value of {name} that is long enough"))
    }

    fn file(&self, path: &std::path::Path) -> std::io::Result<String> {
        panic!("the sample reads {}", path.display())
    }
}

fn load(format: Format, text: &str) -> Loaded {
    match load_text(Source::new("complete", text), format, &AnyEnv) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("{findings}"),
    }
}

#[test]
fn three_syntaxes_say_the_same() {
    let yaml = load(Format::Yaml, include_str!("complete.yaml"));
    let toml = load(Format::Toml, include_str!("complete.toml"));
    let json = load(Format::Json, include_str!("complete.json"));
    assert!(yaml.warnings.is_empty(), "{}", yaml.warnings);
    assert_eq!(yaml.tree().root(), toml.tree().root());
    assert_eq!(yaml.tree().root(), json.tree().root());
    assert_eq!(format!("{:?}", yaml.config), format!("{:?}", json.config));
}

#[test]
fn every_option_is_in_the_sample() {
    let yaml = load(Format::Yaml, include_str!("complete.yaml"));
    let mut walk = Walk {
        root: schema(),
        all: BTreeSet::new(),
        shown: BTreeSet::new(),
    };
    let schema = walk.root.clone();
    walk.visit(&schema, &[yaml.tree().root()], "Config");
    // What needs a certificate or key in a file to be loaded at all.
    let needs_material = [
        ".ca",
        ".pem",
        ".jwk",
        ".file",
        "TlsServerConfig.cert",
        "TlsServerConfig.key",
        "TlsServerConfig.certs",
        ".client_ca",
        ".client_auth",
        "TlsConfig.client_cert",
        ".client_key",
    ];
    let missing: Vec<_> = walk
        .all
        .difference(&walk.shown)
        .filter(|option| !option.starts_with("CertificateConfig"))
        .filter(|option| !needs_material.iter().any(|end| option.ends_with(end)))
        .collect();
    assert!(walk.all.len() > 150, "{:#?}", walk.all);
    assert!(missing.is_empty(), "not in the sample: {missing:#?}");
}

/// Goes through schema and sample side by side. An option is named by its type, so that it is
/// enough to show it in one of the places where the type stands.
struct Walk {
    root: Value,
    all: BTreeSet<String>,
    shown: BTreeSet<String>,
}

impl Walk {
    /// `nodes` are all places of the sample that `schema` describes.
    fn visit(&mut self, schema: &Value, nodes: &[&Node], path: &str) {
        let (schema, path) = self.resolve(schema, path);
        for branches in ["anyOf", "oneOf"] {
            for branch in schema[branches].as_array().into_iter().flatten() {
                let (branch, path) = self.resolve(branch, &path);
                let fits = |node: &&&Node| could_be(node, &branch);
                let nodes: Vec<&Node> = nodes.iter().filter(fits).copied().collect();
                self.visit(&branch, &nodes, &path);
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let option = format!("{path}.{name}");
            let found: Vec<&Node> = nodes.iter().filter_map(|node| node.get(name)).collect();
            self.all.insert(option.clone());
            if !found.is_empty() {
                self.shown.insert(option.clone());
            }
            self.visit(property, &found, &option);
        }
        if schema["additionalProperties"].is_object() {
            let entries = nodes.iter().flat_map(|node| node.entries());
            let values: Vec<&Node> = entries.map(|entry| &entry.node).collect();
            self.visit(&schema["additionalProperties"], &values, &path);
        }
        if schema["items"].is_object() {
            let elements: Vec<&Node> = nodes.iter().flat_map(|node| node.elements()).collect();
            self.visit(&schema["items"], &elements, &path);
        }
    }

    /// Follows a reference to the type it names.
    fn resolve(&self, schema: &Value, path: &str) -> (Value, String) {
        let target = schema["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        match target.and_then(|at| self.root.pointer(at).zip(at.rsplit('/').next())) {
            Some((found, name)) => self.resolve(found, name),
            None => (schema.clone(), path.to_owned()),
        }
    }
}

/// Of several maps a branch may describe, it describes those that have a key of its own.
fn could_be(node: &Node, branch: &Value) -> bool {
    match branch["properties"].as_object() {
        Some(properties) => node
            .entries()
            .iter()
            .any(|entry| properties.contains_key(&entry.key.text)),
        None => true,
    }
}
