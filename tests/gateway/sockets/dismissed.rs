//! Who may no longer come in does not stay.

use super::{KEYS, Scene, client::Client};

const OTHER_KEYS: &str =
    "api_key: { keys: [{ id: all, key: rotated }, { id: some, key: k-some }] }";

async fn open(scene: &Scene, path: &str, key: &str) -> Client {
    let mut client = Client::open(scene.gateway.address, path, key).await;
    if path.contains("realtime") {
        client.event().await;
    }
    client
}

#[tokio::test]
async fn a_reload_ends_the_websockets_of_a_key_that_is_gone() {
    let scene = Scene::start().await;
    let paths = ["/v1/responses", "/v1/realtime?model=voice"];
    let mut clients = Vec::new();
    for path in paths {
        clients.push((path, open(&scene, path, "k-all").await));
    }
    scene.reload(OTHER_KEYS);
    for (path, mut client) in clients {
        let error = client.event().await;
        assert_eq!(error["error"]["code"], "invalid_api_key", "{path}: {error}");
        let close = client.closed().await;
        assert_eq!(close.code, 1008, "{path}");
        assert_eq!(close.reason, "the caller is no longer admitted", "{path}");
    }
    scene
        .logged(&["\"status\":101", "\"subject\":\"all\""])
        .await;
}

#[tokio::test]
async fn a_right_that_changes_ends_them_as_well() {
    let scene = Scene::start().await;
    let mut client = open(&scene, "/v1/responses", "k-some").await;
    scene.reload(OTHER_KEYS);
    client.event().await;
    assert_eq!(client.closed().await.code, 1008);
}

#[tokio::test]
async fn who_is_still_admitted_stays() {
    let scene = Scene::start().await;
    let mut gone = open(&scene, "/v1/responses", "k-all").await;
    let mut stays = open(&scene, "/v1/realtime?model=voice", "k-some").await;
    let more = KEYS.replace("k-all", "another");
    scene.reload(&more);
    gone.event().await;
    assert_eq!(gone.closed().await.code, 1008);
    stays.leave().await;
}

#[tokio::test]
async fn a_gateway_that_ends_says_goodbye() {
    let mut scene = Scene::with(KEYS, "").await;
    let mut clients = Vec::new();
    for path in ["/v1/responses", "/v1/realtime?model=voice"] {
        clients.push((path, open(&scene, path, "k-all").await));
    }
    scene.gateway.signal("TERM");
    for (path, client) in &mut clients {
        let close = client.closed().await;
        assert_eq!(
            (close.code, &*close.reason),
            (1001, &b"the gateway is going away"[..]),
            "{path}"
        );
    }
    assert!(scene.gateway.ended().await.success());
}
