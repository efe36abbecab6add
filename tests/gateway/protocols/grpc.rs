//! gRPC and gRPC-Web, with messages made by hand.

use std::time::Duration;

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::support::{Client, One, Two, frames, gateway, read, upstream, whole};

fn status(code: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(code));
    trailers
}

/// A bidirectional stream: answers each frame as it comes, and at the end with a status.
async fn echo(request: Request<Incoming>) -> Response<Body> {
    assert_eq!(request.headers()["te"], "trailers");
    assert_eq!(request.headers()["content-type"], "application/grpc+proto");
    let mut response = if request.uri().path().ends_with("Refuse") {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = status("7");
        response
    } else {
        let body = request.into_body();
        let said = futures_util::stream::unfold(Some(body), |body| async {
            let mut body = body?;
            Some(match body.frame().await {
                Some(Ok(frame)) => (Ok::<_, BoxError>(frame), Some(body)),
                _ => (Ok(Frame::trailers(status("0"))), None),
            })
        });
        Response::new(Body::new(StreamBody::new(said)))
    };
    let kind = HeaderValue::from_static("application/grpc+proto");
    response.headers_mut().insert("content-type", kind);
    response
}

fn call(path: &str, body: Body) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/grpc+proto")
        .header("te", "trailers")
        .body(body)
        .expect("a request")
}

#[tokio::test]
async fn a_unary_call_ends_with_its_status() {
    let to = upstream(Two, echo).await;
    let (gateway, _file) = gateway(Two, to, "", "").await;
    let mut client = Client::connect(Two, gateway.address).await;
    let request = call("/a.B/Echo", Body::from("\0\0\0\0\u{2}hi"));
    let response = client.send(request).await;
    assert_eq!(response.headers()["content-type"], "application/grpc+proto");
    let (said, trailers) = read(response.into_body()).await;
    assert_eq!(said, "\0\0\0\0\u{2}hi");
    assert_eq!(trailers["grpc-status"], "0");

    let response = client.send(call("/a.B/Refuse", Body::empty())).await;
    assert_eq!(response.headers()["grpc-status"], "7", "trailers only");
}

/// Neither side waits for the other to end.
#[tokio::test]
async fn both_sides_stream_at_once() {
    let to = upstream(Two, echo).await;
    let (gateway, _file) = gateway(Two, to, "", "").await;
    let (say, mut said) = mpsc::channel::<&'static str>(1);
    let body = futures_util::stream::poll_fn(move |cx| {
        let next = said.poll_recv(cx);
        next.map(|next| {
            next.map(|text| Ok::<_, BoxError>(Frame::data(Bytes::from_static(text.as_bytes()))))
        })
    });
    let request = call("/a.B/Echo", Body::new(StreamBody::new(body)));
    let mut client = Client::connect(Two, gateway.address).await;
    let mut answer = client.send(request).await.into_body();
    for text in ["one", "two", "three"] {
        say.send(text).await.expect("the request is under way");
        let frame = tokio::time::timeout(Duration::from_secs(5), answer.frame()).await;
        let frame = frame
            .expect("it does not wait")
            .expect("a frame")
            .expect("a frame");
        assert_eq!(frame.into_data().expect("a message"), text.as_bytes());
    }
    drop(say);
    let end = answer.frame().await.expect("trailers").expect("trailers");
    assert_eq!(end.into_trailers().expect("trailers")["grpc-status"], "0");
}

#[tokio::test]
async fn the_gateways_own_refusals_are_statuses() {
    let dead = "127.0.0.1:9".parse().expect("an address");
    let (gateway, _file) = gateway(Two, dead, "", "").await;
    let mut client = Client::connect(Two, gateway.address).await;
    let response = client.send(call("/a.B/C", Body::empty())).await;
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["grpc-status"]
        ),
        (200, &HeaderValue::from_static("14"))
    );
}

#[tokio::test]
async fn a_late_answer_is_a_deadline_exceeded() {
    let to = upstream(Two, |_| std::future::pending()).await;
    let (gateway, _file) = gateway(Two, to, "", ", layers: { timeout: { total: 100ms } }").await;
    let mut client = Client::connect(Two, gateway.address).await;
    let response = client.send(call("/a.B/C", Body::empty())).await;
    assert_eq!(response.headers()["grpc-status"], "4");
}

#[tokio::test]
async fn browsers_speak_grpc_web() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    const TRAILERS: &[u8] = b"\x80\0\0\0\x10grpc-status: 0\r\n";
    let to = upstream(Two, echo).await;
    let (gateway, _file) = gateway(Two, to, "", ", layers: { grpc_web: true }").await;
    let message = b"\0\0\0\0\x02hi";
    for http in [One, Two] {
        for text in [false, true] {
            let kind = if text {
                "application/grpc-web-text+proto"
            } else {
                "application/grpc-web+proto"
            };
            let body = if text {
                Bytes::from(STANDARD.encode(message))
            } else {
                Bytes::from_static(message)
            };
            let request = Request::post("/a.B/Echo").header("content-type", kind);
            let request = request.body(Body::from(body)).expect("a request");
            let mut client = Client::connect(http, gateway.address).await;
            let response = client.send(request).await;
            assert_eq!(response.headers()["content-type"], kind);
            let (mut said, trailers) = whole(response.into_body()).await;
            assert!(trailers.is_none());
            if text {
                let groups = said.chunks(4);
                said = groups
                    .flat_map(|group| STANDARD.decode(group).expect("base64"))
                    .collect();
            }
            assert_eq!(said, [&message[..], TRAILERS].concat());
        }
    }
    let request = Request::post("/a.B/Echo")
        .header("content-type", "application/grpc-web-text")
        .body(frames(&["????"], &[]))
        .expect("a request");
    let mut client = Client::connect(Two, gateway.address).await;
    let response = client.send(request).await;
    assert!(
        response.headers().contains_key("grpc-status"),
        "{response:?}"
    );
}
