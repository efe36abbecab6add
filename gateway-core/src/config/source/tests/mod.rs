use super::*;
use crate::config::Location;

mod any;

fn parse(format: Format, text: &str) -> (Option<Tree>, Diagnostics) {
    let mut findings = Diagnostics::new();
    let tree = Tree::parse(Source::new("f", text), format, &mut findings);
    (tree, findings)
}

fn good(format: Format, text: &str) -> Tree {
    let (tree, findings) = parse(format, text);
    assert!(findings.is_empty(), "{findings}");
    tree.unwrap()
}

fn places(findings: &Diagnostics) -> Vec<(&'static str, u32, u32)> {
    findings
        .iter()
        .map(|f| {
            let Location { line, col, .. } = f.location().unwrap();
            (f.code(), *line, *col)
        })
        .collect()
}

const YAML: &str = r#"
# comment
listen: 127.0.0.1:8080
routes:
  orders: { match: "/orders/{*rest}", methods: [GET, POST], weight: 2, ratio: 0.5 }
  "quoted key": { match: /x, since: 2026-06-01, enabled: true }
text: |
  two
  lines
"#;

const TOML: &str = r#"
listen = "127.0.0.1:8080"
text = "two\nlines\n"
[routes.orders]
match = "/orders/{*rest}"
methods = ["GET", "POST"]
weight = 2
ratio = 0.5
[routes."quoted key"]
match = "/x"
since = 2026-06-01
enabled = true
"#;

const JSON: &str = r#"{
  "listen": "127.0.0.1:8080",
  "routes": {
    "orders": { "match": "\/orders/{*rest}", "methods": ["GET", "POST"], "weight": 2, "ratio": 5e-1 },
    "quoted key": { "match": "/x", "since": "2026-06-01", "enabled": true }
  },
  "text": "two\u000alines\n"
}"#;

#[test]
fn three_formats_one_tree() {
    let yaml = good(Format::Yaml, YAML);
    assert_eq!(yaml.root(), good(Format::Toml, TOML).root());
    assert_eq!(yaml.root(), good(Format::Json, JSON).root());
    assert_eq!(
        yaml.find("routes.orders.methods[1]").node.as_str(),
        Some("POST")
    );
}

#[test]
fn every_value_knows_its_place() {
    for (format, text, path, line, col, len) in [
        (Format::Yaml, YAML, "listen", 3, 9, 14),
        (Format::Yaml, YAML, "routes.orders.methods[1]", 5, 54, 4),
        (Format::Yaml, YAML, "routes.quoted key.since", 6, 37, 10),
        (Format::Toml, TOML, "routes.orders.methods[1]", 6, 19, 6),
        (Format::Toml, TOML, "routes.quoted key.since", 11, 9, 10),
        (Format::Json, JSON, "routes.orders.weight", 4, 84, 1),
        (Format::Json, JSON, "routes.orders.methods[0]", 4, 58, 5),
    ] {
        let at = good(format, text).location(path);
        assert_eq!(
            (at.line, at.col, at.len),
            (line, col, len),
            "{format} {path}"
        );
    }
    let tree = good(Format::Yaml, YAML);
    let at = tree.key_location("routes.orders");
    assert_eq!((at.line, at.col, at.len), (5, 3, 6));
    let at = tree.key_location("routes.quoted key");
    assert_eq!((at.line, at.col, at.len), (6, 3, 12));
    // What is absent is reported at the nearest thing that is there.
    let at = tree.location("routes.orders.layers.jwt");
    assert_eq!((at.line, at.col, at.len), (5, 3, 6));
    let at = tree.location("routes.orders.match.path");
    assert_eq!((at.line, at.col, at.len), (5, 20, 17));
}

#[test]
fn the_order_of_the_file_is_kept() {
    let order = |tree: Tree| -> Vec<String> {
        tree.root()
            .entries()
            .iter()
            .map(|entry| entry.key.text.clone())
            .collect()
    };
    assert_eq!(
        order(good(Format::Yaml, "z: 1\na: 2\nm: 3")),
        ["z", "a", "m"]
    );
    assert_eq!(
        order(good(Format::Toml, "z = 1\na = 2\nm = 3")),
        ["z", "a", "m"]
    );
    assert_eq!(
        order(good(Format::Json, r#"{"z":1,"a":2,"m":3}"#)),
        ["z", "a", "m"]
    );
}

#[test]
fn duplicate_keys_name_both_places_and_reading_goes_on() {
    for (format, text, at, first) in [
        (Format::Yaml, "a: 1\nb: 2\na: 3\nb: 4\n", (3, 1), "f:1:1"),
        (Format::Yaml, "m: { k: 1, k: 2 }", (1, 12), "f:1:6"),
        (Format::Toml, "a = 1\nb = 2\na = 3\n", (3, 1), "f:1:1"),
        (
            Format::Toml,
            "[t]\nx = 1\n[u]\nx = 2\nx = 3\n",
            (5, 1),
            "f:4:1",
        ),
        (Format::Toml, "[t]\nx = 1\n[t]\ny = 2\n", (3, 2), "f:1:2"),
        (Format::Json, "{\"a\": 1,\n \"a\": 2}", (2, 2), "f:1:2"),
    ] {
        let (tree, findings) = parse(format, text);
        assert!(tree.is_some(), "{text}");
        let finding = findings.iter().next().unwrap();
        assert_eq!(finding.code(), codes::DUPLICATE_KEY, "{text}");
        let place = finding.location().unwrap();
        assert_eq!((place.line, place.col), at, "{text}");
        assert!(
            finding.get_label().unwrap().ends_with(first),
            "{text}: {finding:?}"
        );
    }
    let (_, findings) = parse(Format::Yaml, "a: 1\nb: 2\na: 3\nb: 4\n");
    assert_eq!(
        places(&findings),
        [(codes::DUPLICATE_KEY, 3, 1), (codes::DUPLICATE_KEY, 4, 1)]
    );
}

#[test]
fn what_yaml_has_beyond_json_is_refused() {
    for (text, line, col, part) in [
        ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
        ("a: !!str 1\n", 1, 10, "no tags"),
        ("a: !x {}\n", 1, 7, "no tags"),
        (
            "d: &d {x: 1}\ne:\n  <<: *d\n",
            3,
            3,
            "merge keys are YAML 1.1",
        ),
        ("? [a]\n: 1\n", 1, 3, "a key is a text"),
        ("a: &a [*a]\n", 1, 8, "contains it"),
        ("%YAML 1.1\n---\na: 1\n", 1, 1, "irective"),
        ("a: *nowhere\n", 1, 4, "anchor"),
        ("a: [1, 2\nb: 3\n", 2, 2, ""),
        ("a: 'x\n", 1, 4, ""),
        ("a:\n\tb: 1\n", 2, 2, "tab"),
    ] {
        let (tree, findings) = parse(Format::Yaml, text);
        assert!(tree.is_none(), "{text}");
        assert_eq!(
            places(&findings),
            [(codes::SYNTAX, line, col)],
            "{text} {findings}"
        );
        let label = findings.iter().next().unwrap().get_label().unwrap();
        assert!(label.contains(part), "{text}: {label}");
    }
}

#[test]
fn json_is_strict() {
    for (text, line, col) in [
        ("", 1, 1),
        ("{\"a\": 1,}", 1, 9),
        ("[1 2]", 1, 4),
        ("{a: 1}", 1, 2),
        ("{\"a\" 1}", 1, 6),
        ("{\"a\": 01}", 1, 7),
        ("{\"a\": -}", 1, 7),
        ("{\"a\": 1.}", 1, 7),
        ("{\"a\": tru}", 1, 7),
        ("{\"a\":\n \"x}", 2, 2),
        ("{\"a\": \"\\x\"}", 1, 7),
        ("{\"a\": \"\t\"}", 1, 8),
        ("{} {}", 1, 4),
        ("// c\n{}", 1, 1),
    ] {
        let (tree, findings) = parse(Format::Json, text);
        assert!(tree.is_none(), "{text}");
        assert_eq!(places(&findings), [(codes::SYNTAX, line, col)], "{text}");
    }
    let tree = good(
        Format::Json,
        r#"{"e": "😀", "n": -3, "z": -0, "u": 18446744073709551615}"#,
    );
    assert_eq!(tree.find("e").node.as_str(), Some("😀"));
}

#[test]
fn toml_reports_all_its_faults() {
    let (tree, findings) = parse(Format::Toml, "a = \nb = 1\nc = [1, 2\n");
    assert!(tree.is_none());
    assert!(findings.len() >= 2, "{findings}");
    assert!(findings.iter().all(|f| f.code() == codes::SYNTAX));
}

#[test]
fn aliases_share_values_within_a_budget() {
    let tree = good(Format::Yaml, "a: &x { ttl: 30s }\nb: *x\n");
    assert_eq!(tree.find("b.ttl").node.as_str(), Some("30s"));

    let mut bomb = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        let row = vec![format!("*l{before}"); 10].join(", ");
        bomb.push_str(&format!("l{level}: &l{level} [{row}]\n"));
    }
    let (tree, findings) = parse(Format::Yaml, &bomb);
    assert!(tree.is_none());
    assert_eq!(findings.iter().next().unwrap().code(), codes::TOO_LARGE);
}

#[test]
fn depth_is_bounded_in_every_format() {
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    for (format, text) in [
        (Format::Yaml, deep.clone()),
        (Format::Toml, format!("a = {deep}")),
        (Format::Json, deep),
    ] {
        let (tree, findings) = parse(format, &text);
        assert!(tree.is_none(), "{format}");
        assert!(findings.has_errors(), "{format}");
    }
    let mut chain = String::from("l0: &l0 [x]\n");
    for level in 1..80 {
        chain.push_str(&format!("l{level}: &l{level} [*l{}]\n", level - 1));
    }
    let (tree, findings) = parse(Format::Yaml, &chain);
    assert!(tree.is_none());
    assert_eq!(findings.iter().next().unwrap().code(), codes::TOO_LARGE);
}

#[test]
fn an_empty_file_is_an_empty_map() {
    for (format, text) in [
        (Format::Yaml, ""),
        (Format::Yaml, "# only a comment\n"),
        (Format::Yaml, "---\n"),
        (Format::Toml, ""),
        (Format::Json, "{}"),
    ] {
        assert_eq!(
            good(format, text).root().value,
            Value::Map(vec![]),
            "{text:?}"
        );
    }
}
