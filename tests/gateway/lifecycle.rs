//! Reload and drain of the process: what an operator's signals do.

use std::time::Duration;

use gateway::doubles::{spawn, upstream};
use gateway_tests::{ConfigFile, Gateway, call, get};

use crate::PROGRAM;

fn yaml(origin: &str, more: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrain: {{ delay: 2s, timeout: 15s }}\n\
         upstreams: {{ shop: {{ endpoints: [\"{origin}\"] }} }}\n\
         routes:\n  shop: {{ match: \"/{{*rest}}\", to: shop }}\n{more}"
    )
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_says_where() {
    let origin = spawn(upstream::UpstreamServer::new("origin").router())
        .await
        .unwrap();
    let file = ConfigFile::new(&yaml(&origin.url(), ""));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    file.replace(&yaml(&origin.url(), "  b: { match: /b, two: shop }\n"));
    let reply = call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(reply.status, 422, "{}", reply.body);
    assert!(
        reply.body.contains("gateway.yaml") && reply.body.contains("two"),
        "{}",
        reply.body
    );
    assert_eq!(get(gateway.address, "/items", &[]).await.status, 200);
    let metrics = get(gateway.admin, "/metrics", &[]).await;
    let line = "gateway_config_last_reload_successful 0";
    assert!(metrics.body.contains(line), "{}", metrics.body);

    file.replace(&yaml(
        &origin.url(),
        "  gone: { match: /items, methods: [DELETE], to: shop }\n",
    ));
    let wrong = call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(
        wrong.status, 422,
        "`methods` belongs into `match`: {}",
        wrong.body
    );
    let fixed = "  only: { match: { path: /items, methods: [DELETE] }, to: shop }\n";
    file.replace(&yaml(&origin.url(), fixed).replace("/{*rest}", "/other"));
    let reply = call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let refused = get(gateway.address, "/items", &[]).await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, Some("delete, options"))
    );
}

#[tokio::test]
async fn term_fails_readiness_first_lets_streams_finish_and_ends_with_0() {
    let origin = spawn(upstream::UpstreamServer::new("origin").router())
        .await
        .unwrap();
    let file = ConfigFile::new(&yaml(&origin.url(), ""));
    let mut gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    let (address, admin) = (gateway.address, gateway.admin);
    let stream = get(address, "/stream/20?pace=200", &[]);
    let operate = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        gateway.signal("TERM");
        let mut ready = 200;
        while ready == 200 {
            ready = get(admin, "/readyz", &[]).await.status;
        }
        (
            ready,
            get(admin, "/healthz", &[]).await.status,
            get(address, "/items", &[]).await.status,
        )
    };
    let (stream, (ready, healthy, serving)) = tokio::join!(stream, operate);
    assert_eq!((ready, healthy), (503, 200));
    assert_eq!(
        serving, 200,
        "it serves on until the load balancer has noticed"
    );
    assert_eq!(stream.body.matches("data:").count(), 20, "{}", stream.body);
    assert_eq!(gateway.ended().await.code(), Some(0));
}
