use bytes::Bytes;
use gateway_core::{
    Identity, Route,
    context::{IdentityKind, Params},
};
use serde_json::json;

use super::*;

fn request(id: &str, uri: &str) -> http::request::Parts {
    let mut request = http::Request::get(uri)
        .header("x-a", "b c")
        .body(())
        .unwrap();
    let params: Params = [("id", id)].into_iter().collect();
    let extensions = request.extensions_mut();
    extensions.insert(Route::new("r".into(), "/r/{id}".into(), params));
    let serde_json::Value::Object(claims) = json!({"n": 7, "o": {"p": "q"}}) else {
        unreachable!()
    };
    extensions.insert(Identity::new(IdentityKind::Jwt, "i", "al ice").with_claims(claims));
    request.into_parts().0
}

fn target(template: &str, id: &str) -> Result<String, String> {
    let request = request(id, "/r/x?a=1%202&b+c=d%2Fe&bad=%ff");
    let earlier = [
        (
            "user",
            Some(Bytes::from_static(br#"{"id":"x/y","n":1e2,"l":[1]}"#)),
        ),
        ("gone", None),
    ];
    let facts = Facts {
        request: &request,
        earlier: &earlier,
    };
    let template = Template::parse_target(template).unwrap();
    template.target(&facts).map_err(|fault| fault.to_string())
}

#[test]
fn variables_are_filled_in_and_encoded() {
    for (template, expected) in [
        ("/users/{id}", "/users/7"),
        (
            "/o?user={id}&a={query:a}&b={query:b c}",
            "/o?user=7&a=1%202&b=d%2Fe",
        ),
        ("/h/{header:X-A}/{subject}", "/h/b%20c/al%20ice"),
        ("/c/{claim:n}/{claim:o.p}", "/c/7/q"),
        ("/p/{query:page|1}?s={query:sort|}", "/p/1?s="),
        ("/t/{part:user/id}/{part:user/n}", "/t/x%2Fy/1e2"),
    ] {
        assert_eq!(target(template, "7").as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn no_value_leaves_its_place() {
    for (id, expected) in [
        ("a/b", "/u/a%2Fb/z"),
        ("a?b=c#d", "/u/a%3Fb%3Dc%23d/z"),
        ("%2e%2e%2f", "/u/%252e%252e%252f/z"),
        ("a&b=c", "/u/a%26b%3Dc/z"),
        ("…", "/u/%E2%80%A6/z"),
        ("a b", "/u/a%20b/z"),
        ("...", "/u/.../z"),
        ("@evil.example:80", "/u/%40evil.example%3A80/z"),
    ] {
        assert_eq!(target("/u/{id}/z", id).as_deref(), Ok(expected), "{id}");
    }
    for (id, what) in [
        ("", "empty"),
        (".", "dots"),
        ("..", "dots"),
        ("../admin", "dots"),
        ("a/../../b", "dots"),
        ("..\\admin", "dots"),
        ("a\r\nhost: x", "control"),
        ("a\0", "control"),
    ] {
        let error = target("/u/{id}/z", id).unwrap_err();
        assert!(error.contains(what), "{id:?}: {error}");
    }
    assert_eq!(
        target("/u?id={id}", "../..").as_deref(),
        Ok("/u?id=..%2F..")
    );
    assert!(target("/u/{id}{id}/z", ".").is_err());
}

#[test]
fn what_is_missing_is_named() {
    for (template, what) in [
        ("/{other}", "`other` is missing"),
        ("/{query:none}", "`query:none` is missing"),
        ("/{header:x-none}", "missing"),
        ("/{claim:o}", "missing"),
        ("/{query:bad}", "not text"),
        ("/{part:gone/id}", "needs `gone`"),
        ("/{part:user/none}", "needs `part:user/none`"),
        ("/{part:user/l}", "needs"),
    ] {
        let error = target(template, "7").unwrap_err();
        assert!(error.contains(what), "{template}: {error}");
    }
}

#[test]
fn mistakes_are_named() {
    for (template, what) in [
        ("users", "begins with one `/`"),
        ("//host/x", "begins with one `/`"),
        ("/a{", "pairs"),
        ("/a}b", "pairs"),
        ("/{}", "unknown variable"),
        ("/{quer:a}", "unknown variable `{quer:a}`"),
        ("/{header:a b}", "`a b`"),
        ("/{part:user/~}", "`~0`"),
        ("/a b", "not a path"),
        ("/a#b", "not a path"),
    ] {
        let error = Template::parse_target(template).unwrap_err();
        assert!(error.contains(what), "{template}: {error}");
    }
    assert_eq!(Template::parse("{{id}}").unwrap().pieces.len(), 1);
}
