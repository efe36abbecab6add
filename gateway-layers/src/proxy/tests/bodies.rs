//! Bodies, their lengths and their trailers.

use gateway_core::{Response, body::collect};
use http::Version;
use tower::ServiceExt as _;

use super::{
    forward::through,
    support::{request, stream, upstream},
};
use crate::{
    proxy::Proxy,
    transport::{Client, Protocol},
};

async fn echo_with_trailers(h2: bool) {
    let address = upstream(h2, |request| async move {
        let read = collect(request.into_body(), 1 << 20).await.unwrap();
        let sum = read.trailers().map(|trailers| trailers["x-sum"].clone());
        let mut response = Response::new(stream(&["ab", "cd"]));
        response
            .headers_mut()
            .insert("trailer", "x-sum".parse().unwrap());
        response.headers_mut().insert("x-saw", sum.unwrap());
        let size = read.bytes().len().into();
        response.headers_mut().insert("x-size", size);
        response
    })
    .await;
    let protocol = if h2 { Protocol::Http2 } else { Protocol::Http1 };
    let client = Client::builder().protocol(protocol).build().unwrap();
    let proxy = Proxy::builder(&format!("http://{address}"))
        .unwrap()
        .client(client)
        .build()
        .unwrap();
    let mut request = request("POST", "/", stream(&["x", "yz"]));
    for (name, value) in [("te", "trailers"), ("trailer", "x-sum")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = proxy.oneshot(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_11);
    assert_eq!(response.headers()["x-saw"], "7");
    assert_eq!(response.headers()["x-size"], "3");
    let read = collect(response.into_body(), 100).await.unwrap();
    assert_eq!(read.bytes(), "abcd");
    assert_eq!(read.trailers().unwrap()["x-sum"], "7");
}

#[tokio::test]
async fn bodies_and_trailers_pass_both_ways_over_http1() {
    echo_with_trailers(false).await;
}

#[tokio::test]
async fn bodies_and_trailers_pass_both_ways_over_h2() {
    echo_with_trailers(true).await;
}

#[tokio::test]
async fn head_204_and_304_keep_their_lengths_and_have_no_body() {
    for (answer, kept) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n",
            "content-length: 12",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "200 OK",
        ),
        (
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 12\r\n\r\n",
            "content-length: 12",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "204 No Content"),
    ] {
        let got = through(
            answer,
            "HEAD / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
        )
        .await;
        assert!(got.contains(kept), "{answer:?} became {got:?}");
        assert!(got.ends_with("\r\n\r\n"), "{answer:?} became {got:?}");
        assert!(
            !got.contains("content-length: 0"),
            "{answer:?} became {got:?}"
        );
    }
}
