mod explain;

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
