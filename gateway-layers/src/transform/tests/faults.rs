use std::convert::Infallible;

use gateway_core::{
    Body, GatewayError,
    testing::{failing, frames},
};
use http::{Request, Response, StatusCode, header};

use super::{super::OnUnreadable, json_request, json_response, json_rules, send, text};

#[tokio::test]
async fn faults_of_the_request_are_refused_by_their_kind() {
    let encoded = {
        let mut request = json_request("{}");
        request
            .headers_mut()
            .insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        request
    };
    let large = json_request(format!("[{}1]", "1,".repeat(600)));
    for (request, status, code) in [
        (json_request("{"), 400, "invalid_body"),
        (json_request(&b"\"\xff\""[..]), 400, "invalid_body"),
        (json_request(failing(&["{"])), 400, "bad_request"),
        (large, 413, "body_too_large"),
        (encoded, 415, "unsupported_media_type"),
    ] {
        let layer = json_rules().max_body(1000);
        let response = send(&layer, request, |_| unreachable!("not forwarded")).await;
        let error = response.extensions().get::<GatewayError>().unwrap();
        assert_eq!((response.status().as_u16(), error.code()), (status, code));
    }
}

#[tokio::test]
async fn faults_of_the_response_are_refused_or_passed_as_chosen() {
    let encoded = |_| {
        let mut response = json_response("zip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        response
    };
    let invalid = |_: Request<Body>| json_response(frames(&["<ht", "ml>"], None));
    let code = |response: &Response<Body>| {
        response
            .extensions()
            .get::<GatewayError>()
            .map(GatewayError::code)
    };
    let strict = json_rules();
    let lax = json_rules().on_unreadable(OnUnreadable::Pass);
    let refused = send(&strict, Request::default(), invalid).await;
    assert_eq!(code(&refused), Some("upstream_invalid"));
    assert_eq!(
        code(&send(&strict, Request::default(), encoded).await),
        Some("upstream_invalid")
    );
    assert_eq!(
        text(send(&lax, Request::default(), invalid).await).await,
        "<html>"
    );
    assert_eq!(
        text(send(&lax, Request::default(), encoded).await).await,
        "zip"
    );

    let small = json_rules().max_body(3).on_unreadable(OnUnreadable::Pass);
    let large = send(&small, Request::default(), |_| json_response("[1,2]")).await;
    assert_eq!(
        (large.status().as_u16(), code(&large)),
        (502, Some("upstream_too_large"))
    );
    let broken = send(&lax, Request::default(), |_| json_response(failing(&["{"]))).await;
    assert_eq!(
        (broken.status().as_u16(), code(&broken)),
        (502, Some("upstream_reset"))
    );
}

#[tokio::test]
async fn a_stream_of_events_is_never_held_back() {
    let answer = |_| {
        let never = futures_util::stream::pending::<Result<http_body::Frame<_>, Infallible>>();
        let mut response: Response<Body> =
            Response::new(Body::new(http_body_util::StreamBody::new(never)));
        let events = "text/event-stream".parse().unwrap();
        response.headers_mut().insert("content-type", events);
        response
    };
    let response = send(&json_rules(), Request::default(), answer).await;
    assert_eq!(response.status(), StatusCode::OK);
}
