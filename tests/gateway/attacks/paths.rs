//! The path that was authorised is the path that is sent.

use super::raw::{counting, exchange, gateway, statuses};

/// As the most lenient of upstreams would read it.
fn lenient(path: &str) -> String {
    let mut path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
    for (code, text) in [
        ("%2f", "/"),
        ("%2F", "/"),
        ("%2e", "."),
        ("%2E", "."),
        ("%5c", "/"),
        ("%5C", "/"),
        ("\\", "/"),
        ("%61", "a"),
        ("%64", "d"),
        ("%3b", ";"),
        ("%3B", ";"),
        ("%00", ""),
    ] {
        path = path.replace(code, text);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => _ = segments.pop(),
            segment => segments.push(segment),
        }
    }
    segments.join("/").to_ascii_lowercase()
}

#[tokio::test]
async fn no_spelling_reaches_what_is_protected() {
    let (to, seen) = counting(&[]).await;
    let routes = "  admin: { match: \"/admin/{*rest}\", to: up, layers: { api_key: { keys: [\"secret-key\"] } } }
  all: { match: \"/{*rest}\", to: up }";
    let (gateway, _file) = gateway(to, routes).await;
    for target in [
        "/admin/x",
        "//admin/x",
        "/./admin/x",
        "/x/../admin/x",
        "/x/%2e%2e/admin/x",
        "/x/.%2E/admin/x",
        "/x/..%2fadmin/x",
        "/x/..;/admin/x",
        "/;/admin/x",
        "/admin;a=b/x",
        "/admin%2fx",
        "/admin%2Fx",
        "/%61dmin/x",
        "/%61%64min/x",
        "/%2561dmin/x",
        "/\\admin/x",
        "/x\\..\\admin/x",
        "/x/..%5cadmin/x",
        "/%00/admin/x",
        "/admin%00/x",
        "/x?/../admin/x",
        "/admin/x?y",
        "/admin/x#y",
        "http://a/admin/x",
        "http://a//admin/x",
        "http://a/x/../admin/x",
        "http://a?/admin/x",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let said = exchange(gateway.address, request.as_bytes()).await;
        let statuses = statuses(&said);
        assert_eq!(statuses.len(), 1, "{target}: {said}");
        for line in seen.lock().expect("nobody panics").drain(..) {
            let path = line.strip_prefix("GET ").expect("the method that was sent");
            assert!(
                !lenient(path).starts_with("admin"),
                "{target}: {path} got through"
            );
        }
    }
}

#[test]
fn lenient_is() {
    for path in [
        "/admin/x",
        "//admin;a/x",
        "/x/%2e%2e/admin/x",
        "/X/..%5cADMIN/x",
    ] {
        assert_eq!(lenient(path), "admin/x", "{path}");
    }
}

/// No route can be asked about such a path, and with it no dialect.
#[tokio::test]
async fn a_malformed_path_is_refused_in_the_words_of_its_client() {
    let provider = "{ providers: { openai: { base_url: \"http://127.0.0.1:9/v1\", keys: [k] } } }";
    let (gateway, _file) = crate::models(provider).await;
    for (target, word) in [
        ("/v1beta/models/a%00b:generateContent", "INVALID_ARGUMENT"),
        ("/model/a%0d%0ab/converse", "ValidationException"),
        ("/v1/messages/%00", "invalid_request_error"),
        ("/v1/models/%00", "\"param\""),
        ("/elsewhere/%00", "urn:gateway:error:bad_request"),
    ] {
        let request = format!("POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let said = exchange(gateway.address, request.as_bytes()).await;
        assert_eq!(statuses(&said), [400], "{target}: {said}");
        assert!(said.contains(word), "{target}: {said}");
    }
}
