use std::path::PathBuf;

use clap::CommandFactory as _;
use gateway_core::config::{Format, Source, System};

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
}

#[test]
fn init_writes_a_file_that_loads_and_never_over_one() {
    for template in [Template::Api, Template::Full] {
        let source = Source::new("template", init::text(template));
        let loaded = load_text(source, Format::Yaml, &System::new(".")).unwrap();
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
