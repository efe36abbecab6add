//! Many requests at once, on several threads: what the pool's races would show.

use gateway_core::{Body, Response, body::collect};
use http::StatusCode;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::support::{request, text, upstream};
use crate::{
    proxy::Proxy,
    transport::{Client, Protocol},
};

const CLIENTS: usize = 32;
const REQUESTS: usize = 40;

async fn burst(protocol: Protocol, body: &'static str) -> usize {
    let address = upstream(protocol == Protocol::Http2, |request| async move {
        let read = collect(request.into_body(), 1 << 20).await.unwrap();
        Response::new(Body::from(read.bytes().clone()))
    })
    .await;
    let client = Client::builder().protocol(protocol).build().unwrap();
    let proxy = Proxy::builder(&format!("http://{address}"))
        .unwrap()
        .client(client.clone())
        .build()
        .unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let proxy = proxy.clone();
        clients.spawn(async move {
            for _ in 0..REQUESTS {
                let asked = request("POST", "/", body);
                let response = proxy.clone().oneshot(asked).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                assert_eq!(text(response).await, body);
            }
        });
    }
    clients.join_all().await;
    let origin = client
        .origin(&format!("http://{address}").parse().unwrap())
        .unwrap();
    origin.idle_connections()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_come_back_and_requests_do_not_mix() {
    let idle = burst(Protocol::Http1, "some body").await;
    // Each client has one request under way, so there are never more connections than clients.
    assert!((1..=CLIENTS).contains(&idle), "{idle} idle connections");
    burst(Protocol::Http1, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn h2_streams_do_not_mix() {
    assert_eq!(burst(Protocol::Http2, "some body").await, 0);
}
