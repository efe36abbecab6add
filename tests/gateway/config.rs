//! Bad input at start-up: exit code 2, the position, and never a panic.

use gateway_tests::{ConfigFile, Output};

use crate::PROGRAM;

async fn refused(text: &str, says: &[&str]) {
    let file = ConfigFile::new(text);
    let path = file.path().display().to_string();
    for arguments in [["check", &path], ["run", &path]] {
        let output = Output::of(PROGRAM, &arguments).await;
        assert_eq!(output.code, Some(2), "{arguments:?}: {}", output.stderr);
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        for said in says {
            assert!(
                output.stderr.contains(said),
                "{said:?} is not in:\n{}",
                output.stderr
            );
        }
    }
}

#[tokio::test]
async fn every_mistake_is_named_with_its_place() {
    refused(
        "listen: 127.0.0.1:0\nroutes:\n  a: { match: /, to: shop }\n  b: { match: /b, layrs: {} }\n",
        &["gateway.yaml:3:22", "`shop`", "gateway.yaml:4:19", "did you mean `layers`?"],
    )
    .await;
}

#[tokio::test]
async fn a_missing_variable_is_found_at_load() {
    refused(
        "listen: 127.0.0.1:0\nroutes:\n  a:\n    match: /\n    layers: { api_key: { keys: [\"${env:NO_SUCH_VARIABLE_HERE}\"] } }\n    to: x\nupstreams: { x: { endpoints: [\"http://127.0.0.1:9\"] } }\n",
        &["NO_SUCH_VARIABLE_HERE", "gateway.yaml:5"],
    )
    .await;
}

#[tokio::test]
async fn an_exposed_admin_listener_needs_a_token() {
    refused("listen: 127.0.0.1:0\nadmin: 0.0.0.0:0\n", &["token"]).await;
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let file = ConfigFile::new(&format!(
        "listen: {address}\nadmin: 127.0.0.1:0\nroutes: {{ a: {{ match: /, to: x }} }}\n\
         upstreams: {{ x: {{ endpoints: [\"http://127.0.0.1:9\"] }} }}\n"
    ));
    let output = Output::of(PROGRAM, &["run", &file.path().display().to_string()]).await;
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(
        output.stderr.contains(&address.to_string()),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn no_file_explains_itself() {
    let nowhere = ConfigFile::new("");
    let missing = nowhere
        .path()
        .with_file_name("missing.yaml")
        .display()
        .to_string();
    let output = Output::of(PROGRAM, &["run", &missing]).await;
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("missing.yaml"), "{}", output.stderr);
}
