use std::path::PathBuf;

use clap::CommandFactory as _;
use gateway_core::config::{Format, Lookup, Source};

use super::{args::Template, *};
use crate::config::load_text;

/// Runs a command and gives its exit code, standard output and standard error.
fn gateway(args: &[&str]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("gateway").chain(args.iter().copied());
    let exit = run(args, &mut Console::new(&mut out, &mut err));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit, text(out), text(err))
}

/// A file that is gone at the end of the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gateway-cli-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An environment in which everything is set.
struct AnyEnv;

impl Lookup for AnyEnv {
    fn env(&self, name: &str) -> Option<String> {
        Some(format!("value of {name}"))
    }

    fn file(&self, _: &std::path::Path) -> std::io::Result<String> {
        Ok(String::new())
    }
}

const GOOD: &str = "\
upstreams:
  app: { endpoints: [http://127.0.0.1:9001, http://127.0.0.1:9002] }
routes:
  items: { match: { path: /items, methods: [GET] }, to: app }
  all: { match: \"/{*rest}\", to: app, layers: { api_key: { keys: [\"${env:NOPE:-k}\"] }, rate_limit: { rate: 9/s, key: \"header:x-tenant\" } } }
";

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn check_has_three_ways_to_end() {
    let good = File::new("good.yaml", GOOD);
    let (exit, out, err) = gateway(&["check", good.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert!(out.ends_with(": ok, 2 routes, 1 upstream\n"), "{out}");

    let unused = GOOD.replace(
        "routes:",
        "  spare: { endpoints: [http://127.0.0.1:1] }\nroutes:",
    );
    let warned = File::new("warned.yaml", &unused);
    assert_eq!(gateway(&["check", warned.path()]).0, Exit::Ok);
    let (exit, _, err) = gateway(&["check", "--strict", warned.path()]);
    assert_eq!(exit, Exit::Failed);
    assert!(
        err.contains("GW3002") && err.contains("0 errors, 1 warning"),
        "{err}"
    );

    let bad = File::new("bad.yaml", &GOOD.replace("to: app", "to: ap"));
    let (exit, out, err) = gateway(&["check", bad.path()]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(
        err.contains("did you mean `app`") && err.contains("2 errors"),
        "{err}"
    );
}

#[test]
fn check_speaks_to_programs_on_standard_output() {
    let bad = File::new("bad2.yaml", &GOOD.replace("to: app", "to: ap"));
    let (exit, out, err) = gateway(&["check", "--format", "json", bad.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Usage, ""));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["errors"], 2);
    assert_eq!(json["diagnostics"][0]["code"], "GW2007");
    let (exit, out, _) = gateway(&["check", "--format", "github", bad.path()]);
    assert_eq!(exit, Exit::Usage);
    assert!(out.starts_with("::error file="), "{out}");
}

#[test]
fn a_missing_file_and_bad_usage_are_exit_2() {
    let (exit, _, err) = gateway(&["check", "/nonexistent/gateway.yaml"]);
    assert_eq!(exit, Exit::Usage);
    assert!(
        err.contains("GW1009") && err.contains("/nonexistent/gateway.yaml"),
        "{err}"
    );
    for args in [
        &["chek"][..],
        &[],
        &["check", "--format", "xml"],
        &["schema", "nonsense"],
        &["mock", "llm"],
        &["mock", "model", "--listen", "0.0.0.0:0"],
        &["mock", "model", "--fault", "nonsense=1"],
        &["explain", "G ET", "/"],
        &["explain", "GET", "/", "-H", "nocolon"],
        &["explain", "GET", "/", "a.yaml", "--config", "a.yaml"],
    ] {
        let (exit, out, err) = gateway(args);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{args:?}");
        assert!(!err.is_empty(), "{args:?}");
    }
    for args in [&["--help"][..], &["--version"], &["help", "check"]] {
        let (exit, out, _) = gateway(args);
        assert_eq!(exit, Exit::Ok);
        assert!(!out.is_empty());
    }
}

#[test]
fn schema_is_json() {
    let (exit, out, _) = gateway(&["schema"]);
    assert_eq!(exit, Exit::Ok);
    serde_json::from_str::<serde_json::Value>(&out).unwrap();
    let (_, out, _) = gateway(&["schema", "layers.rate_limit"]);
    assert!(out.contains("\"burst\""), "{out}");
}

#[test]
fn routes_shows_who_lets_anyone_in() {
    let good = File::new("routes.yaml", GOOD);
    let (exit, out, _) = gateway(&["routes", good.path()]);
    assert_eq!(exit, Exit::Ok);
    assert_eq!(
        out,
        "\
ROUTE  MATCH       TO                 AUTH     LAYERS
items  GET /items  app (2 endpoints)  NONE
all    /{*rest}    app (2 endpoints)  api_key  rate_limit
"
    );
}

#[test]
fn explain_tells_the_route_and_why_not_the_others() {
    let good = File::new("explain.yaml", GOOD);
    let config = ["--config", good.path()];
    let args = [
        &[
            "explain",
            "POST",
            "http://a.example/items",
            "-H",
            "X-Tenant: blue",
        ],
        &config[..],
    ]
    .concat();
    let (exit, out, err) = gateway(&args);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    for part in [
        "POST a.example/items",
        "route     all",
        "layers    api_key → rate_limit",
        "9/s by header:x-tenant = \"header:x-tenant=blue\"",
        "http://127.0.0.1:9002",
        "items        the method does not fit",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let secret = !out.contains("\"k\"");
    assert!(secret, "{out}");
    // As `check` and `run` have it.
    let (exit, alike, _) = gateway(&[&args[..5], &[good.path()]].concat());
    assert_eq!((exit, alike), (Exit::Ok, out));
}

#[test]
fn explain_tells_how_an_upstream_is_asked() {
    let text = "\
upstreams:
  shop:
    endpoints: [http://127.0.0.1:9001, { url: http://127.0.0.1:9002, weight: 2, priority: 1 }]
    sticky: { header: x-user }
    slow_start: 30s
    probe: { path: /healthz }
    retry: { attempts: 2 }
  cart:
    endpoints: [\"srv+http://_http._tcp.cart.internal\"]
    balance: { hash: \"header:x-cart\" }
    sticky: { cookie: { name: at, key: 0123456789abcdef } }
    resolve: { every: 30s, servers: [\"127.0.0.1:53\"] }
routes:
  shop: { match: /shop, to: shop }
  cart: { match: /cart, to: cart }
";
    let file = File::new("explain-upstream.yaml", text);
    for (url, parts) in [
        (
            "/shop",
            [
                "http://127.0.0.1:9002/ (weight 2, priority 1)\n",
                "sticky    header:x-user = \"header:x-user=alice\"\n",
                "guards    probe, retry, slow start over 30s\n\
                 timeouts  connect 3s, first_byte 1m, idle 1m\n",
            ],
        ),
        (
            "/cart",
            [
                "balance   hash of header:x-cart (this request has none)\n",
                "sticky    by the cookie `at`\n",
                "resolve   every 30s, by 127.0.0.1:53\n",
            ],
        ),
    ] {
        let header = ["-H", "x-user: alice", "--config", file.path()];
        let (_, out, err) = gateway(&[&["explain", "GET", url], &header[..]].concat());
        assert_eq!(err, "");
        for part in parts {
            assert!(out.contains(part), "{part}\n{out}");
        }
        assert!(!out.contains("0123456789abcdef"), "{out}");
    }
}

#[test]
fn forward_proxies_are_told() {
    let text = "\
listen: 127.0.0.1:8080
forward_proxies:
  main: { allow: [\"*.example.com\"], deny: [bad.example.com], ports: [443, 8443], users: { ci: 0123456789abcdef } }
";
    let file = File::new("forward.yaml", text);
    let (exit, out, err) = gateway(&["routes", file.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert!(
        out.contains("main           *.example.com  bad.example.com  443, 8443  1 user\n"),
        "{out}"
    );
    for (method, url, said) in [
        (
            "CONNECT",
            "a.example.com:443",
            "a.example.com:443  yes, if its addresses are allowed; to users with a secret",
        ),
        ("CONNECT", "bad.example.com:443", "no: 403 blocked"),
        ("GET", "http://a.example.com/", "a.example.com:80  no: 403"),
        ("GET", "https://a.example.com/", "yes, if its"),
        ("GET", "http://127.0.0.1:8443/", "no: 403 blocked"),
    ] {
        let (_, out, err) = gateway(&["explain", method, url, "--config", file.path()]);
        assert_eq!(err, "");
        assert!(out.contains(said), "{method} {url}\n{out}");
        assert!(!out.contains("0123456789abcdef"), "{out}");
    }
    let (_, out, _) = gateway(&["explain", "GET", "/a", "--config", file.path()]);
    assert!(!out.contains("PROXY"), "{out}");
}

#[test]
fn explain_tells_what_else_a_route_of_models_does() {
    let route = |more: &str| {
        format!(
            "routes:\n  ai:\n    match: \"/{{*rest}}\"\n    ai:\n      providers: {{ local: {{ kind: openai, base_url: http://127.0.0.1:1/v1 }} }}\n      models: {{ voice: local/m }}\n{more}"
        )
    };
    for (name, more, parts) in [
        (
            "bare",
            "",
            &["websocket closed after 10m of silence or 1h in all\n"][..],
        ),
        (
            "full",
            "      files: [local]\n      websocket: { idle: 90s, total: 20m }\n",
            &[
                "files     local\n",
                "websocket closed after 1m30s of silence or 20m in all\n",
            ],
        ),
    ] {
        let file = File::new(&format!("explain-ai-{name}.yaml"), &route(more));
        let (_, out, err) = gateway(&[
            "explain",
            "GET",
            "/v1/realtime?model=voice",
            "--config",
            file.path(),
        ]);
        assert_eq!(err, "");
        for part in parts {
            assert!(out.contains(part), "{part}\n{out}");
        }
        assert_eq!(out.contains("files "), name == "full", "{out}");
    }
}

#[test]
fn explain_tells_targets_copies_and_parts() {
    let text = "\
upstreams:
  v1: { endpoints: [http://127.0.0.1:9001] }
  v2: { endpoints: [http://127.0.0.1:9002] }
routes:
  one: { match: \"/one/{id}\", split: { to: { v1: 95%, v2: 5% }, force_header: x-canary, sticky: \"header:x-user\" }, layers: { mirror: { to: v2, share: 10% } } }
  many: { match: \"/many/{id}\", aggregate: { parts: { user: { to: v1, get: \"/users/{id}?l={query:lang}\" }, note: { to: v2, post: /notes } } } }
";
    let file = File::new("explain-delivery.yaml", text);
    let explain = |url: &str, more: &[&str]| {
        let args = [&["explain", "GET", url, "--config", file.path()], more].concat();
        let (exit, out, err) = gateway(&args);
        assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
        out
    };
    let forced = explain("/one/7", &["-H", "x-canary: v2"]);
    for part in [
        "mirror    10% of GET, HEAD to v2",
        "split     v1  95%",
        "          v2  5%",
        "          this request: v2",
    ] {
        assert!(forced.contains(part), "{part}\n{forced}");
    }
    let sticky = explain("/one/7", &["-H", "x-user: alice"]);
    assert_eq!(
        sticky,
        explain("/one/8", &["-H", "x-user: alice"]).replace("/one/8", "/one/7")
    );
    assert!(sticky.contains("this request: v"), "{sticky}");
    let chance = explain("/one/7", &[]);
    assert!(
        chance.contains("header:x-user (this request has none)"),
        "{chance}"
    );
    let parts = explain("/many/a%20b?lang=de", &[]);
    for part in ["user  v1  GET /users/a%20b?l=de", "note  v2  POST /notes"] {
        assert!(parts.contains(part), "{part}\n{parts}");
    }
    let missing = explain("/many/7", &[]);
    assert!(
        missing.contains("GET (`query:lang` is missing)"),
        "{missing}"
    );
}

#[test]
fn init_writes_a_file_that_loads_and_never_over_one() {
    for template in [Template::Api, Template::Ai, Template::Full] {
        let source = Source::new("template", init::text(template));
        let loaded = load_text(source, Format::Yaml, &AnyEnv).unwrap();
        assert!(
            loaded.warnings.is_empty(),
            "{template:?}: {}",
            loaded.warnings
        );
    }
    let file = File::new("init.yaml", "mine");
    let (exit, _, err) = gateway(&["init", file.path()]);
    assert_eq!(exit, Exit::Failed);
    assert!(err.contains("left as it is"), "{err}");
    assert_eq!(std::fs::read_to_string(&file.0).unwrap(), "mine");

    std::fs::remove_file(&file.0).unwrap();
    assert_eq!(
        gateway(&["init", "--template", "full", file.path()]).0,
        Exit::Ok
    );
    assert_eq!(gateway(&["check", "--strict", file.path()]).0, Exit::Ok);
}

#[test]
fn models_shows_what_answers() {
    let text = "\
routes:
  ai:
    match: \"/{*rest}\"
    ai:
      providers: { a: { kind: openai, base_url: http://127.0.0.1:1/v1 } }
      models:
        fast: [a/x, a/y]
        smart: { split: { a/x: 80%, a/y: 20% }, then: fast }
      prompts: { hello: { model: fast, user: hi, publish: POST /hello } }
";
    let file = File::new("models.yaml", text);
    let (exit, out, err) = gateway(&["models", file.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert_eq!(
        out,
        "\
ROUTE  MODEL         ANSWERED BY
ai     fast          a/x → a/y
ai     smart         80% a/x | 20% a/y → fast
ai     prompt hello  fast (POST /hello)
"
    );
    let (_, out, _) = gateway(&["explain", "POST", "/v1/messages", "--config", file.path()]);
    assert!(out.contains("models    fast: a/x → a/y"), "{out}");
    let (_, out, _) = gateway(&["routes", file.path()]);
    assert!(out.contains("2 models  NONE"), "{out}");
}

#[test]
fn models_shows_what_is_known_about_targets() {
    let text = "\
routes:
  ai:
    match: \"/{*rest}\"
    ai:
      providers: { main: { kind: openai, base_url: http://127.0.0.1:1/v1 } }
      models: { fast: [main/gpt-4o-mini, main/own, main/other] }
      prices: { models: { main/own: { input: 0.05, output: 1 } } }
";
    let file = File::new("prices.yaml", text);
    let (exit, out, err) = gateway(&["models", file.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    let expected = format!(
        "
TARGET            CONTEXT  OUTPUT  INPUT $  CACHED $  OUTPUT $  ALSO
main/gpt-4o-mini  128000   16384   0.15     0.075     0.60      tools, schema, caching, images, documents
main/own          -        -       0.05     -         1.00

USD per million tokens; the built-in list is of {}
",
        gateway_ai::catalog::DATE
    );
    assert!(out.ends_with(&expected), "{out}");
}

#[test]
fn run_refuses_what_it_cannot_start() {
    let bad = File::new("run-bad.yaml", &GOOD.replace("to: app", "to: ap"));
    let (exit, out, err) = gateway(&["run", bad.path()]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("GW2007"), "{err}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let good = File::new("run-taken.yaml", GOOD);
    let (exit, out, err) = gateway(&["run", good.path(), "--listen", &address]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains(&address), "{err}");

    assert_eq!(gateway(&["run", "--demo", "x.yaml"]).0, Exit::Usage);
    assert_eq!(gateway(&["run", "--listen", "8080"]).0, Exit::Usage);
}
