use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::config::{
    ByteSize, Duration, Format, Lookup, OneOrMany, Rate, Secret, Source, Style, System, codes,
};

mod golden;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "some are only read")]
struct Config {
    listen: String,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    routes: BTreeMap<String, Route>,
    #[serde(default)]
    token: Option<Secret>,
    #[serde(default)]
    keys: OneOrMany<Secret>,
    #[serde(default)]
    waits: OneOrMany<Duration>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Route {
    to: String,
    #[serde(default)]
    layers: Layers,
    #[serde(default)]
    balance: Balance,
}

#[derive(Debug, Default, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Layers {
    jwt: Option<Jwt>,
    rate_limit: Option<RateLimit>,
    store: Option<Store>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Jwt {
    audience: String,
    issuer: Option<String>,
    leeway: Option<Duration>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct RateLimit {
    rate: Rate,
    #[serde(default)]
    mode: Mode,
    body: Option<ByteSize>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Reject,
    Queue {
        max_wait: Duration,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Balance {
    #[default]
    P2cEwma,
    RoundRobin,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
enum Store {
    Memory { max: ByteSize },
    Redis { url: String },
}

struct Fixture;

impl Lookup for Fixture {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8080".to_owned()),
            "SECRET" => Some("hunter2".to_owned()),
            _ => None,
        }
    }

    fn file(&self, path: &std::path::Path) -> std::io::Result<String> {
        System::default().file(path)
    }
}

fn describe(path: &str) -> Option<Scope> {
    let (before, name) = path.rsplit_once('.')?;
    let kind = match before.rsplit('.').next()? {
        "layers" => "layer",
        "routes" => "route",
        _ => return None,
    };
    Some(Scope {
        title: format!("{kind} `{name}`"),
        note: (kind == "layer").then(|| format!("all fields: gateway schema layers.{name}")),
    })
}

fn read(text: &str) -> (Option<Config>, Diagnostics) {
    let mut findings = Diagnostics::new();
    let source = Source::new("gateway.yaml", text);
    let mut tree = Tree::parse(source, Format::Yaml, &mut findings).unwrap();
    tree.resolve(&Fixture, &mut findings);
    let config = Reader::new(&tree).describe(describe).read(&mut findings);
    findings.sort();
    (config, findings)
}

fn found(text: &str) -> Vec<(&'static str, u32, u32, String)> {
    let (_, findings) = read(text);
    findings
        .iter()
        .map(|f| {
            let at = f.location().unwrap();
            let label = f.get_label().unwrap_or_default().to_owned();
            (f.code(), at.line, at.col, label)
        })
        .collect()
}

#[test]
fn a_good_file_gives_the_value_and_no_findings() {
    let (config, findings) = read(
        r#"
listen: "127.0.0.1:${env:PORT}"
port: ${env:PORT}
token: ${env:SECRET}
routes:
  a: { to: x, layers: { rate_limit: { rate: 600/min, mode: { queue: { max_wait: 2s } } } } }
  b: { to: y, balance: round_robin, layers: { store: { type: memory, max: 1MiB } } }
"#,
    );
    assert!(findings.is_empty(), "{findings}");
    let config = config.unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.port, Some(8080));
    assert_eq!(config.token.unwrap().expose(), "hunter2");
    let limit = config.routes["a"].layers.rate_limit.as_ref().unwrap();
    assert_eq!(
        limit.mode,
        Mode::Queue {
            max_wait: Duration::from_secs(2)
        }
    );
    assert!(matches!(config.routes["b"].balance, Balance::RoundRobin));
}

#[test]
fn tagged_types_are_placed_by_name() {
    let text = "listen: x\nroutes:\n  a:\n    to: b\n    layers:\n      store: { type: memory, max: 1MiB, mx: 1 }\n";
    assert_eq!(
        found(text),
        [(
            codes::UNKNOWN_FIELD,
            6,
            41,
            "did you mean `max`?".to_owned()
        )]
    );
    let text = "listen: x\nroutes:\n  a:\n    to: b\n    layers:\n      store: { type: memry, max: 1MiB }\n";
    assert_eq!(
        found(text),
        [(
            codes::UNKNOWN_VARIANT,
            6,
            22,
            "did you mean `memory`?".to_owned()
        )]
    );
}

#[test]
fn what_follows_from_a_finding_is_not_one() {
    // The value of a required field is wrong: it is not missing as well.
    assert_eq!(found("listen: [1]").len(), 1);
    // A reference that is not resolved is no malformed rate as well.
    let text =
        "listen: x\nroutes: { a: { to: b, layers: { rate_limit: { rate: \"${env:NOPE}\" } } } }";
    let found = found(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, codes::MISSING_ENV);
}

#[test]
fn lists_and_nothing_are_not_maps() {
    for (text, label) in [
        ("listen: x\nroutes: [a]", "expected a map, found a list"),
        (
            "listen: x\nroutes: { a: [b, {}] }",
            "expected a map, found a list",
        ),
        ("listen: x\nroutes: { a: }", "expected a map, found nothing"),
        (
            "listen: x\nroutes: { a: b }",
            "expected a map, found the text `b`",
        ),
        (
            "listen: x\nroutes: { a: { to: b, balance: 3 } }",
            "expected one of `p2c_ewma`, `round_robin`, found the number 3",
        ),
        ("listen:", "expected a text, found nothing"),
        (
            "listen: x\nport: .inf",
            "expected a finite number, found the number inf",
        ),
    ] {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].3, label, "{text}");
    }
}

#[test]
fn a_resolved_value_is_never_quoted() {
    let text = "listen: x\nport: ${env:SECRET}\nroutes: { a: { to: b, layers: { jwt: { audience: x, leeway: \"${env:SECRET}\" } } } }";
    let (_, findings) = read(text);
    assert_eq!(findings.len(), 2);
    for style in [Style::Human, Style::Json, Style::Github] {
        let shown = findings.render(style);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("‹env:SECRET›"), "{shown}");
    }
}

#[test]
fn one_of_many_is_read_in_place() {
    for (text, expected) in [
        ("keys: ${env:SECRET}", vec![]),
        ("keys: [\"${env:SECRET}\"]", vec![]),
        ("keys: abc", vec![(codes::LITERAL_SECRET, 2, 7)]),
        (
            "keys: [\"${env:SECRET}\", abc]",
            vec![(codes::LITERAL_SECRET, 2, 25)],
        ),
        ("keys: {}", vec![(codes::WRONG_TYPE, 2, 1)]),
        ("waits: 5", vec![(codes::INVALID_VALUE, 2, 8)]),
        ("waits: [1s, 5]", vec![(codes::INVALID_VALUE, 2, 13)]),
        ("waits: [1s, 2s]", vec![]),
    ] {
        let found: Vec<_> = found(&format!("listen: x\n{text}"))
            .into_iter()
            .map(|(code, line, col, _)| (code, line, col))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn findings_are_bounded() {
    let mut text = String::from("listen: x\nroutes:\n");
    for route in 0..500 {
        text.push_str(&format!("  r{route}: 1\n"));
    }
    let (config, findings) = read(&text);
    assert!(config.is_none());
    assert!(findings.len() <= MAX_TRIES + 1);
}

proptest! {
    #[test]
    fn any_tree_is_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "listen: ", "routes:\n", "  a: ", "{", "}", "to: b", ", ", "layers: ", "jwt: ", "mode: ", "queue: ",
        "\n", "x", "1", "[", "]", "rate_limit: ", "store: ", "type: ", "memory", "${env:PORT}", "token: ",
    ]), 0..30)) {
        let mut findings = Diagnostics::new();
        let source = Source::new("f", &parts.concat());
        if let Some(mut tree) = Tree::parse(source, Format::Yaml, &mut findings) {
            tree.resolve(&Fixture, &mut findings);
            let config: Option<Config> = Reader::new(&tree).read(&mut findings);
            prop_assert!(config.is_some() || findings.has_errors());
        } else {
            prop_assert!(findings.has_errors());
        }
        let _ = findings.render(Style::Human);
    }
}
