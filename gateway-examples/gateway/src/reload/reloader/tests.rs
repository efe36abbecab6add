use std::{
    convert::Infallible,
    sync::atomic::{AtomicU32, Ordering},
};

use gateway_core::{Body, Request, Response};
use tower::{ServiceExt as _, service_fn};

use super::*;

const GOOD: &str = "\
upstreams:
  app: { endpoints: [http://127.0.0.1:9001] }
routes:
  all: { match: \"/{*rest}\", to: app }
";

/// A directory of its own for each test, gone at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("gateway-reload-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.0.join("gateway.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Answers with the names of the routes and how many stacks have counted in its store.
fn stack(loaded: &Loaded, stores: &Draft) -> Result<SharedService, Vec<ConfigError>> {
    let names: Vec<&str> = loaded.config.routes.names().collect();
    if names.contains(&"refuse") {
        return Err(vec![ConfigError::new(
            "routes.refuse.to",
            "the builder says no",
        )]);
    }
    let count = stores.get_or("count", || AtomicU32::new(0));
    count.fetch_add(1, Ordering::Relaxed);
    let text = format!("{} {}", names.join(","), count.load(Ordering::Relaxed));
    Ok(SharedService::new(service_fn(move |_: Request| {
        let text = text.clone();
        async move { Ok::<_, Infallible>(Response::new(Body::from(text))) }
    })))
}

async fn ask(service: &Reloadable) -> String {
    let response = service.clone().oneshot(Request::default()).await.unwrap();
    String::from_utf8(response.into_body().as_bytes().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_good_file_takes_over_and_stores_survive() {
    let dir = Dir::new("good");
    let path = dir.write(GOOD);
    let first = config::load(&path).unwrap();
    let (reloader, service) = Reloader::start(first, stack).unwrap();
    assert_eq!(ask(&service).await, "all 1");

    dir.write(&GOOD.replace("all:", "every:"));
    let status = reloader.reload(Cause::Admin).unwrap();
    assert_eq!(status.generation, 2);
    assert_eq!(ask(&service).await, "every 2");
    assert!(reloader.last_successful());
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_reports_itself() {
    let dir = Dir::new("bad");
    let path = dir.write(GOOD);
    let first = config::load(&path).unwrap();
    let (reloader, service) = Reloader::start(first, stack).unwrap();
    let hash = reloader.status().hash;

    for (text, code, line, col) in [
        ("upstreams: [\n", "GW1001", 1, 12),
        (&*GOOD.replace("to: app", "to: ap"), "GW2007", 4, 33),
        (&*GOOD.replace("all:", "refuse:"), "GW2001", 4, 36),
    ] {
        dir.write(text);
        let findings = reloader.reload(Cause::FileChanged).unwrap_err();
        let finding = findings.iter().next().unwrap();
        let at = finding.location().unwrap();
        assert_eq!(
            (finding.code(), at.line, at.col),
            (code, line, col),
            "{findings}"
        );
        assert_eq!(ask(&service).await, "all 1");
        let status = reloader.status();
        assert_eq!((status.generation, &status.hash), (1, &hash));
        assert!(!status.last_reload.successful && !reloader.last_successful());
        let json = serde_json::to_value(&status).unwrap();
        assert_eq!(
            json["last_reload"]["findings"]["diagnostics"][0]["line"],
            line
        );
    }

    std::fs::remove_file(&path).unwrap();
    assert!(reloader.reload(Cause::Signal).is_err());
    assert_eq!(ask(&service).await, "all 1");

    dir.write(GOOD);
    assert_eq!(reloader.reload(Cause::Signal).unwrap().generation, 2);
    assert!(reloader.last_successful());
}

#[tokio::test]
async fn a_change_that_needs_a_restart_is_told() {
    let dir = Dir::new("fixed");
    let path = dir.write(GOOD);
    let first = config::load(&path).unwrap();
    let (reloader, _service) = Reloader::start(first, stack).unwrap();
    dir.write(&format!("listen: 127.0.0.1:8081\n{GOOD}"));
    let status = reloader.reload(Cause::Signal).unwrap();
    let codes: Vec<_> = status
        .last_reload
        .findings
        .iter()
        .map(Diagnostic::code)
        .collect();
    assert_eq!(codes, [codes::NEEDS_RESTART]);
}

#[test]
fn the_first_config_is_refused_like_any_other() {
    let dir = Dir::new("first");
    let path = dir.write(&GOOD.replace("all:", "refuse:"));
    let first = config::load(&path).unwrap();
    let findings = Reloader::start(first, stack).unwrap_err();
    assert!(findings.to_string().contains("the builder says no"));
}
