//! The layer over a scripted origin.

mod faults;

use std::convert::Infallible;

use gateway_core::{
    Body, ClientIp, Identity, Route,
    body::collect,
    context::{IdentityKind, Params},
    testing::{frames, trailers},
};
use http::{Request, Response, StatusCode};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{RequestRules, ResponseRules, TransformLayer};

fn header_rules() -> TransformLayer {
    TransformLayer::new(
        RequestRules::new().set_header("x-a", "1").add_prefix("/v2"),
        ResponseRules::new().set_header("x-b", "2"),
    )
    .unwrap()
}

fn json_rules() -> TransformLayer {
    TransformLayer::new(
        RequestRules::new().set_json("/who", "gateway"),
        ResponseRules::new().remove_json("/secret"),
    )
    .unwrap()
}

gateway_core::contract!(heads_only, header_rules(), clones = 0);
gateway_core::contract!(what_is_not_json_is_not_read, json_rules(), clones = 0);
gateway_core::contract!(
    an_upgrade_is_not_touched,
    header_rules(),
    request = || {
        let mut request = gateway_core::testing::Contract::default_request();
        request
            .headers_mut()
            .insert("upgrade", "echo".parse().unwrap());
        request
    },
    clones = 0
);

/// Sends through `layer` to an origin that answers by `answer`.
async fn send(
    layer: &TransformLayer,
    request: Request<Body>,
    answer: impl Fn(Request<Body>) -> Response<Body> + Clone + Send + Sync + 'static,
) -> Response<Body> {
    let origin = service_fn(move |request| {
        let response = answer(request);
        async move { Ok::<_, Infallible>(response) }
    });
    layer.layer(origin).oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let read = collect(response.into_body(), 1 << 22).await.unwrap();
    String::from_utf8(read.bytes().to_vec()).unwrap()
}

fn json_request(body: impl Into<Body>) -> Request<Body> {
    Request::post("/")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

fn json_response(body: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .header("content-type", "application/json; charset=utf-8")
        .body(body.into())
        .unwrap()
}

fn echo(request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut response = Response::new(body);
    *response.headers_mut() = parts.headers;
    if let Ok(uri) = parts.uri.to_string().parse() {
        response.headers_mut().insert("x-uri", uri);
    }
    response
}

#[tokio::test]
async fn the_head_is_filled_in_from_the_vocabulary() {
    let rules = RequestRules::new()
        .set_header("x-user", "${claim:sub}")
        .set_header("x-tenant", "${claim:tenant}")
        .set_query("ip", "${client_ip}")
        .path("/orders/{id}");
    let response_rules = ResponseRules::new().set_header("x-route", "${route}");
    let layer = TransformLayer::new(rules, response_rules).unwrap();
    let mut request = Request::get("http://a.example/o/7?x=1")
        .header("x-tenant", "forged")
        .body(Body::empty())
        .unwrap();
    let params: Params = [("id", "7")].into_iter().collect();
    let extensions = request.extensions_mut();
    extensions.insert(Identity::new(IdentityKind::Jwt, "iss", "alice"));
    extensions.insert(Route::new("orders".into(), "/o/{id}".into(), params));
    extensions.insert(ClientIp::new([10, 0, 0, 1].into()));
    let response = send(&layer, request, echo).await;
    let headers = response.headers();
    assert_eq!(
        headers["x-uri"],
        "http://a.example/orders/7?x=1&ip=10.0.0.1"
    );
    assert_eq!(headers["x-user"], "alice");
    assert_eq!(headers["x-route"], "orders");
    assert!(!headers.contains_key("x-tenant"));
}

#[tokio::test]
async fn statuses_are_mapped() {
    let rules = ResponseRules::new().status(StatusCode::NOT_FOUND, StatusCode::GONE);
    let layer = TransformLayer::new(RequestRules::new(), rules).unwrap();
    for (status, expected) in [(404, 410), (200, 200), (410, 410)] {
        let response = send(&layer, Request::default(), move |_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        assert_eq!(response.await.status(), expected);
    }
}

#[tokio::test]
async fn a_request_is_edited_and_its_length_corrected() {
    let mut request = json_request(frames(&["{\"n\":1e4", "00}"], None));
    request
        .headers_mut()
        .insert("content-length", "11".parse().unwrap());
    request.headers_mut().insert("digest", "x".parse().unwrap());
    let response = send(&json_rules(), request, echo).await;
    assert_eq!(response.headers()["content-length"], "27");
    assert!(!response.headers().contains_key("digest"));
    assert_eq!(response.headers()["accept-encoding"], "identity");
    assert_eq!(text(response).await, r#"{"n":1e400,"who":"gateway"}"#);
}

#[tokio::test]
async fn a_response_is_edited_and_what_described_it_goes() {
    let answer = |_| {
        let mut response = json_response("{\"secret\":1,\"id\":12345678901234567890123}");
        for name in ["etag", "content-digest", "content-length"] {
            response.headers_mut().insert(name, "7".parse().unwrap());
        }
        response
    };
    let response = send(&json_rules(), Request::default(), answer).await;
    assert!(!response.headers().contains_key("etag"));
    assert!(!response.headers().contains_key("content-digest"));
    assert_eq!(response.headers()["content-length"], "30");
    assert_eq!(text(response).await, r#"{"id":12345678901234567890123}"#);
}

#[tokio::test]
async fn what_no_rule_changes_keeps_its_tag() {
    let answer = |_| {
        let mut response = json_response("{ \"id\": 1 }");
        response
            .headers_mut()
            .insert("etag", "\"a\"".parse().unwrap());
        response
    };
    let response = send(&json_rules(), Request::default(), answer).await;
    assert_eq!(response.headers()["etag"], "\"a\"");
    assert_eq!(text(response).await, "{ \"id\": 1 }");
}

#[tokio::test]
async fn head_and_empty_answers_are_not_documents() {
    let head = Request::head("/").body(Body::empty()).unwrap();
    let layer = json_rules();
    let response = send(&layer, head, |_| {
        let mut response = json_response("");
        response
            .headers_mut()
            .insert("content-length", "40".parse().unwrap());
        response
    });
    let response = response.await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("content-length"));
    for body in [Body::empty(), frames(&[""], None)] {
        let request = json_request(body);
        assert_eq!(
            send(&json_rules(), request, |_| json_response(""))
                .await
                .status(),
            200
        );
    }
}

#[tokio::test]
async fn trailers_survive_an_edit() {
    let answer = |_| json_response(frames(&["{\"secret\"", ":1}"], Some(trailers())));
    let response = send(&json_rules(), Request::default(), answer).await;
    assert!(!response.headers().contains_key("content-length"));
    let read = collect(response.into_body(), 100).await.unwrap();
    assert_eq!(
        (read.bytes().as_ref(), read.trailers()),
        (&b"{}"[..], Some(&trailers()))
    );
}

#[tokio::test]
async fn ranges_are_not_asked_for_where_content_is_edited() {
    let request = Request::get("/")
        .header("range", "bytes=0-1")
        .body(Body::empty())
        .unwrap();
    let response = send(&json_rules(), request, echo).await;
    assert!(!response.headers().contains_key("range"));
}

#[tokio::test]
async fn verbs_run_in_order() {
    let rules = ResponseRules::new()
        .add_json("/list/-", json!({"new": true}))
        .set_json("/b", 2)
        .rename_json("/a", "/c")
        .remove_json("/c");
    let layer = TransformLayer::new(RequestRules::new(), rules).unwrap();
    let answer = |_| json_response(r#"{"c":0,"a":1,"list":[]}"#);
    let response = send(&layer, Request::default(), answer).await;
    assert_eq!(
        text(response).await,
        r#"{"c":1,"list":[{"new":true}],"b":2}"#
    );
}

#[tokio::test]
async fn it_layers_an_axum_router() {
    let json = || async {
        (
            [("content-type", "application/json")],
            r#"{"secret":1,"id":2}"#,
        )
    };
    let router: axum::Router = axum::Router::new()
        .route("/", axum::routing::get(json))
        .layer(json_rules());
    let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let read = collect(answer.into_body(), 100).await.unwrap();
    assert_eq!(read.bytes(), r#"{"id":2}"#);
}
