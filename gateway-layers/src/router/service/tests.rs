use std::convert::Infallible;

use gateway_core::{
    Body, Response as CoreResponse,
    testing::{Answer, Inner},
};
use proptest::prelude::*;
use tower::ServiceExt as _;

use super::*;

/// Answers with its name and the path it was given.
#[derive(Clone)]
struct Named(&'static str);

impl Service<Request<Body>> for Named {
    type Response = CoreResponse;
    type Error = Infallible;
    type Future = std::future::Ready<Result<CoreResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let text = format!("{} {}", self.0, request.uri());
        std::future::ready(Ok(Response::new(Body::from(text))))
    }
}

fn request(method: &str, uri: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "api.example.com:8080")
}

async fn ask(router: &Router<Named>, request: http::request::Builder) -> (u16, String, String) {
    let answer = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let allow = answer.headers().get("allow").cloned();
    (
        answer.status().as_u16(),
        String::from_utf8(answer.body().as_bytes().unwrap().to_vec()).unwrap(),
        allow.map_or_else(String::new, |value| value.to_str().unwrap().to_owned()),
    )
}

fn rule(name: &str, path: &str) -> Rule {
    Rule::new(name, path).unwrap()
}

#[tokio::test]
async fn the_clean_path_goes_on_with_the_query_untouched() {
    let router = Router::new().route("/{*rest}", Named("all")).unwrap();
    let (_, text, _) = ask(&router, request("GET", "/a//b/./%7e?q=/../%2e")).await;
    assert_eq!(text, "all /a/b/~?q=/../%2e");
    let (_, text, _) = ask(&router, request("GET", "http://x.example/a/../b")).await;
    assert_eq!(text, "all http://x.example/b");
}

#[tokio::test]
async fn the_more_specific_host_is_first_and_the_others_follow() {
    let router = Router::new()
        .add(rule("any", "/{*rest}"), Named("any"))
        .add(
            rule("below", "/{*rest}").host("*.example.com").unwrap(),
            Named("below"),
        )
        .add(
            rule("api", "/only").host("API.example.com").unwrap(),
            Named("api"),
        );
    assert_eq!(ask(&router, request("GET", "/only")).await.1, "api /only");
    assert_eq!(ask(&router, request("GET", "/x")).await.1, "below /x");
    let other = Request::get("/only").header("host", "other.test");
    assert_eq!(ask(&router, other).await.1, "any /only");
    let apex = Request::get("/only").header("host", "example.com");
    assert_eq!(ask(&router, apex).await.1, "any /only");
}

#[tokio::test]
async fn other_methods_fall_through_or_are_405() {
    let router = Router::new()
        .add(rule("get", "/o/{id}").method(Method::GET), Named("get"))
        .add(rule("post", "/o/{id}").method(Method::POST), Named("post"))
        .add(rule("rest", "/w/{*rest}"), Named("rest"))
        .add(rule("only", "/w/x").method(Method::PUT), Named("only"));
    assert_eq!(ask(&router, request("HEAD", "/o/1")).await.0, 200);
    assert_eq!(ask(&router, request("POST", "/o/1")).await.1, "post /o/1");
    let (status, text, allow) = ask(&router, request("DELETE", "/o/1")).await;
    assert_eq!((status, &*allow), (405, "GET, HEAD, OPTIONS, POST"));
    assert!(text.contains("method_not_allowed"));
    assert_eq!(ask(&router, request("GET", "/w/x")).await.1, "rest /w/x");
    assert_eq!(ask(&router, request("GET", "/none")).await.0, 404);
}

#[tokio::test]
async fn options() {
    let router = Router::new()
        .add(rule("get", "/o").method(Method::GET), Named("get"))
        .add(rule("post", "/o").method(Method::POST), Named("post"));
    let (status, text, allow) = ask(&router, request("OPTIONS", "/o")).await;
    assert_eq!((status, &*text), (204, ""));
    assert_eq!(allow, "GET, HEAD, OPTIONS, POST");
    let preflight = request("OPTIONS", "/o")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST");
    assert_eq!(ask(&router, preflight).await.1, "post /o");
    assert_eq!(ask(&router, request("OPTIONS", "*")).await.0, 204);
    assert_eq!(
        ask(&router, request("CONNECT", "x.example:443")).await.0,
        501
    );
}

#[tokio::test]
async fn ambiguous_paths_are_for_routes_that_take_them() {
    let router = Router::new()
        .add(rule("strict", "/s/{id}"), Named("strict"))
        .add(
            rule("lax", "/l/{id}")
                .allow_encoded_slash(true)
                .allow_semicolon(true),
            Named("lax"),
        )
        .add(
            rule("all", "/{*rest}")
                .allow_encoded_slash(true)
                .allow_semicolon(true),
            Named("all"),
        );
    assert_eq!(ask(&router, request("GET", "/s/a%2fb")).await.0, 400);
    assert_eq!(ask(&router, request("GET", "/s/a;b")).await.0, 400);
    assert_eq!(
        ask(&router, request("GET", "/l/a%2fb")).await.1,
        "lax /l/a%2Fb"
    );
    assert_eq!(ask(&router, request("GET", "/l/a;b")).await.1, "lax /l/a;b");
    assert_eq!(ask(&router, request("GET", "/..;/s/a")).await.0, 400);
}

#[tokio::test]
async fn the_route_is_told_inwards_and_outwards() {
    let router = Router::new().route("/orders/{id}", Named("o")).unwrap();
    let outcome = Outcome::new();
    let mut request = request("GET", "/orders/a%20b").body(Body::empty()).unwrap();
    request.extensions_mut().insert(outcome.clone());
    let (route, _) = router.find(&mut request).unwrap();
    assert_eq!(route.param("id"), Some("a b"));
    router.oneshot(request).await.unwrap();
    assert_eq!(outcome.take().route.unwrap().pattern(), "/orders/{id}");
}

#[test]
fn adding_to_a_shared_router_leaves_the_other_as_it_was() {
    let one = Router::new().route("/a", Named("a")).unwrap();
    let two = one.clone().route("/b", Named("b")).unwrap();
    assert_eq!((one.rules().count(), two.rules().count()), (1, 2));
}

proptest! {
    /// Whatever the client writes: if `/admin/{*rest}` does not get it, no reading of what is sent
    /// on – decoding dots, merging slashes, cutting at `;` – leads below `/admin`.
    #[test]
    fn what_is_matched_is_what_is_sent(path in "/(admin|a|\\.|/|;|%2e|%2f|%61dmin|%41|\\.\\.){0,10}") {
        let router = Router::new()
            .route("/admin/{*rest}", Named("admin")).unwrap()
            .route("/{*rest}", Named("public")).unwrap();
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        let Ok((route, service)) = router.find(&mut request) else { return Ok(()) };
        let sent = request.uri().path();
        prop_assert_eq!(service.0 == "admin", sent == "/admin" || sent.starts_with("/admin/"));
        prop_assert_eq!(route.pattern() == "/{*rest}", service.0 == "public");
        prop_assert!(!sent.contains("//") && !sent.contains(';') && !sent.contains("%2F"));
        prop_assert!(sent.split('/').all(|segment| segment != ".."));
    }
}

#[tokio::test]
async fn what_is_not_ready_is_waited_for() {
    let router = Router::new()
        .route("/", Inner::new(Answer::Stream))
        .unwrap();
    let answer = router.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_malformed_path_is_refused_in_the_form_that_it_has() {
    let router = Router::new()
        .route("/{*rest}", Named("all"))
        .unwrap()
        .format_malformed(|path, _| path.starts_with("/v1/").then_some(ErrorFormat::OpenAi));
    let ask = async |path: &str| ask(&router, request("GET", path)).await;
    let (status, text, _) = ask("/v1/a%00b").await;
    assert_eq!((status, text.starts_with("{\"error\":")), (400, true));
    let (status, text, _) = ask("/v2/a%00b").await;
    assert_eq!((status, text.starts_with("{\"type\":")), (400, true));
    assert_eq!(ask("/v1/a").await.1, "all /v1/a");
}
