use std::{io, path::Path};

use gateway_core::config::{Diagnostics, Format, Lookup, Source, Style};

use super::{Loaded, load_text};

mod ai;
mod any;
mod auth;
mod delivery;
mod layers;
mod plane;

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

/// The minimal config with these layers on its route.
fn with_layers(layers: &str) -> String {
    MINIMAL.replace("to: app }", &format!("to: app, layers: {{ {layers} }} }}"))
}

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
   │   ^^^^^^^ add `to: <upstream>`, or a `split`, `aggregate` or `ai` section

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
