use std::convert::Infallible;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError, Request, Responder, Response,
    body::{CollectError, collect},
    error::cause_ref,
};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use proptest::prelude::*;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::GrpcWebLayer;

gateway_core::contract!(contract, GrpcWebLayer::new(), clones = 0);

fn stream(frames: Vec<Frame<Bytes>>) -> Body {
    let frames = frames.into_iter().map(Ok::<_, BoxError>);
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}

fn pieces(bytes: &[u8], size: usize) -> Vec<Frame<Bytes>> {
    let each = bytes.chunks(size);
    each.map(|piece| Frame::data(Bytes::copy_from_slice(piece)))
        .collect()
}

/// Says what it was sent, in pieces of `size`, with trailers.
async fn echo(request: Request, size: usize) -> Result<Response, Infallible> {
    let responder = Responder::of(&request);
    assert_eq!(request.headers()["te"], "trailers");
    let kind = request.headers()["content-type"].clone();
    assert!(kind.to_str().unwrap().starts_with("application/grpc"));
    assert!(!kind.to_str().unwrap().contains("web"));
    let body = match collect(request.into_body(), 1 << 20).await {
        Ok(read) => read,
        Err(CollectError::Body(error)) => {
            let error = cause_ref::<GatewayError>(&*error).expect("the layer's own");
            return Ok(responder.refuse(error.clone()));
        }
        Err(other) => unreachable!("{other}"),
    };
    let mut frames = pieces(body.bytes(), size);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    frames.push(Frame::trailers(trailers));
    let mut response = Response::new(stream(frames));
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

async fn call(kind: &str, accept: Option<&str>, body: Body, size: usize) -> Response {
    let inner = service_fn(move |request| echo(request, size));
    let mut request = http::Request::post("/a.B/C").header("content-type", kind);
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    let request = request.body(body).unwrap();
    GrpcWebLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap()
}

async fn read(response: Response) -> Vec<u8> {
    let read = collect(response.into_body(), 1 << 20).await.unwrap();
    assert!(read.trailers().is_none(), "they are in the body");
    read.bytes().to_vec()
}

const TRAILERS: &[u8] = b"\x80\0\0\0\x10grpc-status: 0\r\n";

#[tokio::test]
async fn binary() {
    let message = b"\0\0\0\0\x05hello";
    let kind = "application/grpc-web+proto";
    let response = call(kind, None, Body::from(&message[..]), 3).await;
    assert_eq!(response.headers()["content-type"], kind);
    assert_eq!(read(response).await, [&message[..], TRAILERS].concat());
}

#[tokio::test]
async fn the_answer_has_the_form_that_is_accepted() {
    let accept = Some("application/grpc-web-text");
    let response = call("application/grpc-web", accept, Body::from("abc"), 9).await;
    assert_eq!(
        response.headers()["content-type"],
        "application/grpc-web-text"
    );
    let text = read(response).await;
    let expected = [STANDARD.encode("abc"), STANDARD.encode(TRAILERS)].concat();
    assert_eq!(text, expected.as_bytes());
}

#[tokio::test]
async fn text_that_is_no_base64_is_an_invalid_argument() {
    for wrong in ["????", "AAAAA"] {
        let body = Body::from(wrong);
        let response = call("application/grpc-web-text", None, body, 9).await;
        let error = response.extensions().get::<GatewayError>().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidBody);
        assert_eq!(response.headers()["grpc-status"], "3");
        assert_eq!(
            response.headers()["content-type"],
            "application/grpc-web-text"
        );
        assert!(read(response).await.is_empty());
    }
}

#[tokio::test]
async fn other_requests_and_answers_pass() {
    let inner = service_fn(|request: Request| async move {
        assert!(!request.headers().contains_key("te"));
        let mut response = Response::new(Body::from("{}"));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", kind);
        Ok::<_, Infallible>(response)
    });
    let service = GrpcWebLayer::new().layer(inner);
    for request in [
        http::Request::options("/a.B/C").header("content-type", "application/grpc-web"),
        http::Request::post("/a.B/C").header("content-type", "application/grpc"),
        http::Request::post("/a.B/C"),
    ] {
        let request = request.body(Body::empty()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(read(response).await, b"{}");
    }
}

fn decode(text: &[u8]) -> Vec<u8> {
    let groups = text.chunks(4);
    groups
        .flat_map(|group| STANDARD.decode(group).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However request and answer are cut into chunks, the messages are the same.
    #[test]
    fn chunks_do_not_matter(
        message in prop::collection::vec(any::<u8>(), 0..300),
        cut in 1_usize..40,
        size in 1_usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let text = STANDARD.encode(&message);
            let body = stream(pieces(text.as_bytes(), cut));
            let response = call("application/grpc-web-text", None, body, size).await;
            let answer = decode(&read(response).await);
            assert_eq!(answer, [&message[..], TRAILERS].concat());
        });
    }
}
