use std::{io, path::Path};

use gateway_core::config::{Diagnostics, Format, Lookup, Source, Style};

use super::{Loaded, load_text};

struct Env;

impl Lookup for Env {
    fn env(&self, name: &str) -> Option<String> {
        (name == "GATEWAY_ADMIN_TOKEN").then(|| "t0ken".to_owned())
    }

    fn file(&self, _: &Path) -> io::Result<String> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }
}

fn read(format: Format, text: &str) -> Result<Loaded, Diagnostics> {
    load_text(Source::new("gateway.yaml", text), format, &Env)
}

fn refused(text: &str) -> String {
    let findings = read(Format::Yaml, text).unwrap_err();
    findings.render(Style::Human)
}

/// Code, line and column of every finding of a text, also of one that loads.
fn found(text: &str) -> Vec<(&'static str, u32, u32)> {
    let findings = match read(Format::Yaml, text) {
        Ok(loaded) => loaded.warnings,
        Err(findings) => findings,
    };
    findings
        .iter()
        .map(|f| {
            let at = f.location();
            (
                f.code(),
                at.map_or(0, |at| at.line),
                at.map_or(0, |at| at.col),
            )
        })
        .collect()
}

const MINIMAL: &str = "\
upstreams:
  app: { endpoints: [http://127.0.0.1:9001] }
routes:
  all: { match: \"/{*rest}\", to: app }
";

#[test]
fn four_lines_are_a_gateway() {
    let loaded = read(Format::Yaml, MINIMAL).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let listeners = loaded.config.all_listeners();
    assert_eq!(listeners.len(), 1);
    assert_eq!(listeners[0].1.bind.to_string(), "127.0.0.1:8080");
}

#[test]
fn golden_many_findings_in_one_run() {
    let text = r#"listen: 8080
admin: 0.0.0.0:9080
upstreams:
  orders: { endpoints: [http://127.0.0.1:9001], timeouts: { conect: 2s } }
  empty: { endpoints: [] }
routes:
  orders:
    match: { path: "/orders/{*rest}", methods: [get] }
    to: order
  nowhere:
    match: /x
  twice:
    match: /x
    to: orders
"#;
    assert_eq!(
        refused(text),
        r#"error[GW1006]: invalid value for `listen`
  ┌─ gateway.yaml:1:9
1 │ listen: 8080
  │         ^^^^ `8080` is not an address: write `127.0.0.1:8080`, or `0.0.0.0:8080` for all interfaces

error[GW2009]: the admin listener is reachable from other machines and has no token
  ┌─ gateway.yaml:2:8
2 │ admin: 0.0.0.0:9080
  │        ^^^^^^^^^^^^ bind it to 127.0.0.1, or set `token: ${env:GATEWAY_ADMIN_TOKEN}`

error[GW1003]: unknown field `conect` in `timeouts` of upstream `orders`
  ┌─ gateway.yaml:4:61
4 │   orders: { endpoints: [http://127.0.0.1:9001], timeouts: { conect: 2s } }
  │                                                             ^^^^^^ did you mean `connect`?
  = unknown fields are errors, so a typo can never switch a check off
  = all fields: gateway schema upstreams

warning[GW3002]: no route uses upstream `empty`
  ┌─ gateway.yaml:5:3
5 │   empty: { endpoints: [] }
  │   ^^^^^ it is never called

error[GW2005]: upstream `empty` has no endpoints
  ┌─ gateway.yaml:5:12
5 │   empty: { endpoints: [] }
  │            ^^^^^^^^^ name at least one, such as `http://127.0.0.1:9001`

error[GW2001]: invalid value for `methods` in `match` of route `orders`
  ┌─ gateway.yaml:8:39
8 │     match: { path: "/orders/{*rest}", methods: [get] }
  │                                       ^^^^^^^ `get` is not a method; did you mean `GET`?

error[GW2007]: upstream `order` is not defined
  ┌─ gateway.yaml:9:9
9 │     to: order
  │         ^^^^^ did you mean `orders` (defined at gateway.yaml:4:3)?

error[GW2006]: route `nowhere` leads nowhere
   ┌─ gateway.yaml:10:3
10 │   nowhere:
   │   ^^^^^^^ add `to: <upstream>` or an `ai` section

warning[GW3001]: route `twice` can never match
   ┌─ gateway.yaml:13:12
13 │     match: /x
   │            ^^ `nowhere` at gateway.yaml:10 takes all its requests

7 errors, 2 warnings · config not loaded
"#
    );
}

#[test]
fn an_admin_listener_needs_loopback_or_a_token() {
    for (admin, ok) in [
        ("127.0.0.1:9080", true),
        ("\"[::1]:9080\"", true),
        (
            "{ bind: 0.0.0.0:9080, token: \"${env:GATEWAY_ADMIN_TOKEN}\" }",
            true,
        ),
        ("{ bind: 0.0.0.0:9080 }", false),
        ("\"[::]:9080\"", false),
        ("192.168.1.5:9080", false),
    ] {
        let text = format!("admin: {admin}\n{MINIMAL}");
        assert_eq!(read(Format::Yaml, &text).is_ok(), ok, "{admin}");
    }
}

#[test]
fn one_address_is_listened_on_once() {
    let text = format!("listen: 127.0.0.1:80\nadmin: 127.0.0.1:80\n{MINIMAL}");
    assert_eq!(found(&text), [("GW2008", 2, 8)]);
    let text = format!("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n{MINIMAL}");
    assert_eq!(found(&text), []);
}

#[test]
fn what_is_not_supported_yet_is_unknown() {
    for section in ["masks: {}", "plans: {}", "teams: {}", "include: [a.yaml]"] {
        let text = format!("{section}\n{MINIMAL}");
        assert_eq!(found(&text), [("GW1003", 1, 1)], "{section}");
    }
}

#[test]
fn an_empty_file_says_how_to_begin() {
    let text = refused("");
    assert!(
        text.contains("GW2010") && text.contains("gateway init"),
        "{text}"
    );
}

#[test]
fn a_newer_version_is_refused() {
    assert_eq!(
        found(&format!("version: 2\n{MINIMAL}")),
        [("GW1006", 1, 10)]
    );
    assert_eq!(found(&format!("version: 1\n{MINIMAL}")), []);
}

fn with_layers(layers: &str) -> String {
    MINIMAL.replace("to: app }", &format!("to: app, layers: {{ {layers} }} }}"))
}

#[test]
fn a_cache_behind_authentication_says_whose_answers_it_holds() {
    let keys = "api_key: { keys: [\"${env:GATEWAY_ADMIN_TOKEN}\"] }";
    for (layers, codes) in [
        (format!("{keys}, cache: {{ ttl: 30s }}"), vec!["GW2011"]),
        (
            format!("{keys}, cache: {{ ttl: 30s, partition: subject }}"),
            vec![],
        ),
        (
            format!("{keys}, cache: {{ ttl: 30s, partition: global }}"),
            vec![],
        ),
        ("cache: { ttl: 30s }".to_owned(), vec![]),
        ("api_key: disabled, cache: { ttl: 30s }".to_owned(), vec![]),
    ] {
        let found: Vec<_> = found(&with_layers(&layers))
            .into_iter()
            .map(|f| f.0)
            .collect();
        assert_eq!(found, codes, "{layers}");
    }
}

#[test]
fn a_key_of_the_caller_needs_a_caller() {
    for (layers, codes) in [
        ("rate_limit: { rate: 1/s, key: subject }", vec!["GW2012"]),
        (
            "rate_limit: { rate: 1/s, key: subject.or(client_ip) }",
            vec![],
        ),
        (
            "rate_limit: { rate: 1/s, key: \"tuple(route, tenant)\" }",
            vec!["GW2012"],
        ),
        (
            "rate_limit: { rate: 1/s, policies: [{ name: d, rate: 1/day, key: \"claim:org\" }] }",
            vec!["GW2012"],
        ),
        ("cache: { partition: subject }", vec!["GW2012"]),
        ("rate_limit: { rate: 1/s }", vec![]),
    ] {
        let found: Vec<_> = found(&with_layers(layers))
            .into_iter()
            .map(|f| f.0)
            .collect();
        assert_eq!(found, codes, "{layers}");
    }
}

#[test]
fn an_api_key_that_is_written_out_is_not_repeated() {
    let text = with_layers("api_key: { keys: [s3cr3t, \"${env:GATEWAY_ADMIN_TOKEN}\"] }");
    let warnings = read(Format::Yaml, &text).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    let shown = warnings.render(Style::Human);
    assert!(
        shown.contains("GW3101") && !shown.contains("s3cr3t"),
        "{shown}"
    );
}

const AUTH: &str = "\
auth:
  main: { oidc: https://id.example.com, audience: [orders] }
  keys: { api_key: { keys: [\"${env:GATEWAY_ADMIN_TOKEN}\"] } }
";

#[test]
fn a_definition_stands_in_the_place_of_its_name() {
    let text = format!("{AUTH}{}", with_layers("jwt: main, api_key: keys"));
    let loaded = read(Format::Yaml, &text).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let route = loaded.config.routes.get("all").unwrap();
    let jwt = route.layers.jwt().unwrap();
    assert!(
        format!("{jwt:?}").contains("https://id.example.com"),
        "{jwt:?}"
    );
    assert_eq!(route.layers.api_key().unwrap().keys.len(), 1);
    assert_eq!(route.layers.names(), ["jwt", "api_key"]);
}

#[test]
fn a_name_that_is_not_defined_or_of_the_other_kind_is_an_error() {
    for (layers, label) in [
        (
            "jwt: mian",
            "did you mean `main` (defined at gateway.yaml:2:3)?",
        ),
        ("jwt: keys", "use it as `api_key`"),
        ("api_key: main", "use it as `jwt`"),
    ] {
        let text = format!("{AUTH}{}", with_layers(layers));
        let findings = read(Format::Yaml, &text).unwrap_err();
        let finding = findings.iter().next().unwrap();
        assert_eq!(
            (findings.len(), finding.code()),
            (1, "GW2014"),
            "{findings}"
        );
        assert_eq!(finding.get_label(), Some(label));
    }
    let found = found(&with_layers("jwt: main"));
    assert_eq!(found, [("GW2014", 4, 53)]);
}

#[test]
fn a_broken_definition_is_reported_once_and_where_it_is() {
    let text = format!(
        "{}{}",
        AUTH.replace("audience:", "audiance:"),
        with_layers("jwt: main")
    );
    assert_eq!(found(&text), [("GW1003", 2, 41)]);
    // What only the builder knows: no issuer.
    let text = format!(
        "auth: {{ main: {{ audience: [a] }} }}\n{}",
        with_layers("jwt: main")
    );
    let findings = read(Format::Yaml, &text).unwrap_err();
    assert_eq!(findings.len(), 1, "{findings}");
    assert_eq!(findings.iter().next().unwrap().location().unwrap().line, 1);
}

const AI: &str = "\
routes:
  ai:
    match: \"/{*rest}\"
    ai:
      providers:
        local: { kind: openai, base_url: http://127.0.0.1:9001/v1 }
      models:
        fast: [local/a, local/b]
";

#[test]
fn a_route_leads_to_models_or_to_an_upstream() {
    let loaded = read(Format::Yaml, AI).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let both =
        format!("{AI}    to: app\nupstreams: {{ app: {{ endpoints: [http://127.0.0.1:1] }} }}\n");
    assert_eq!(found(&both), [("GW2006", 9, 5)]);
}

#[test]
fn mistakes_in_the_ai_section_have_a_place() {
    for (from, to, expected) in [
        ("local/a", "lcal/a", ("GW2001", 8, 9)),
        ("fast: [local/a, local/b]", "fast: fast", ("GW2001", 8, 15)),
        ("kind: openai", "kind: opnai", ("GW2001", 6, 24)),
        ("models:", "modles:", ("GW1003", 7, 7)),
        ("base_url", "baseurl", ("GW1003", 6, 32)),
    ] {
        assert_eq!(found(&AI.replace(from, to)), [expected], "{to}");
    }
}

#[test]
fn a_limit_of_nothing_is_refused() {
    for (text, place) in [
        (format!("limits: {{ idle: 0s }}\n{MINIMAL}"), (1, 17)),
        (format!("limits: {{ headers: 0 }}\n{MINIMAL}"), (1, 20)),
        (
            MINIMAL.replace("9001]", "9001], timeouts: { total: 0s }"),
            (2, 65),
        ),
        (with_layers("timeout: { idle: 0ms }"), (4, 65)),
    ] {
        assert_eq!(found(&text), [("GW2015", place.0, place.1)], "{text}");
    }
}
