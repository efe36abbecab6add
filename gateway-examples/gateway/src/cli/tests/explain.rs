//! What `explain` tells of a request.

use super::*;

#[test]
fn explain_tells_the_route_and_why_not_the_others() {
    let good = File::new("explain.yaml", GOOD);
    let config = ["--config", good.path()];
    let args = [
        &[
            "explain",
            "POST",
            "http://a.example/items",
            "-H",
            "X-Tenant: blue",
        ],
        &config[..],
    ]
    .concat();
    let (exit, out, err) = gateway(&args);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    for part in [
        "POST a.example/items",
        "route     all",
        "layers    api_key → rate_limit",
        "9/s by header:x-tenant = \"header:x-tenant=blue\"",
        "http://127.0.0.1:9002",
        "items        the method does not fit",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let secret = !out.contains("\"k\"");
    assert!(secret, "{out}");
    // As `check` and `run` have it.
    let (exit, alike, _) = gateway(&[&args[..5], &[good.path()]].concat());
    assert_eq!((exit, alike), (Exit::Ok, out));
}

#[test]
fn explain_tells_how_an_upstream_is_asked() {
    let text = "\
upstreams:
  shop:
    endpoints: [http://127.0.0.1:9001, { url: http://127.0.0.1:9002, weight: 2, priority: 1 }]
    sticky: { header: x-user }
    slow_start: 30s
    probe: { path: /healthz }
    retry: { attempts: 2 }
  cart:
    endpoints: [\"srv+http://_http._tcp.cart.internal\"]
    balance: { hash: \"header:x-cart\" }
    sticky: { cookie: { name: at, key: 0123456789abcdef } }
    resolve: { every: 30s, servers: [\"127.0.0.1:53\"] }
routes:
  shop: { match: /shop, to: shop }
  cart: { match: /cart, to: cart }
";
    let file = File::new("explain-upstream.yaml", text);
    for (url, parts) in [
        (
            "/shop",
            [
                "http://127.0.0.1:9002/ (weight 2, priority 1)\n",
                "sticky    header:x-user = \"header:x-user=alice\"\n",
                "guards    probe, retry, slow start over 30s\n\
                 timeouts  connect 3s, first_byte 1m, idle 1m\n",
            ],
        ),
        (
            "/cart",
            [
                "balance   hash of header:x-cart (this request has none)\n",
                "sticky    by the cookie `at`\n",
                "resolve   every 30s, by 127.0.0.1:53\n",
            ],
        ),
    ] {
        let header = ["-H", "x-user: alice", "--config", file.path()];
        let (_, out, err) = gateway(&[&["explain", "GET", url], &header[..]].concat());
        assert_eq!(err, "");
        for part in parts {
            assert!(out.contains(part), "{part}\n{out}");
        }
        assert!(!out.contains("0123456789abcdef"), "{out}");
    }
}

#[test]
fn forward_proxies_are_told() {
    let text = "\
listen: 127.0.0.1:8080
forward_proxies:
  main: { allow: [\"*.example.com\"], deny: [bad.example.com], ports: [443, 8443], users: { ci: 0123456789abcdef } }
";
    let file = File::new("forward.yaml", text);
    let (exit, out, err) = gateway(&["routes", file.path()]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert!(
        out.contains("main           *.example.com  bad.example.com  443, 8443  1 user\n"),
        "{out}"
    );
    for (method, url, said) in [
        (
            "CONNECT",
            "a.example.com:443",
            "a.example.com:443  yes, if its addresses are allowed; to users with a secret",
        ),
        ("CONNECT", "bad.example.com:443", "no: 403 blocked"),
        ("GET", "http://a.example.com/", "a.example.com:80  no: 403"),
        ("GET", "https://a.example.com/", "yes, if its"),
        ("GET", "http://127.0.0.1:8443/", "no: 403 blocked"),
    ] {
        let (_, out, err) = gateway(&["explain", method, url, "--config", file.path()]);
        assert_eq!(err, "");
        assert!(out.contains(said), "{method} {url}\n{out}");
        assert!(!out.contains("0123456789abcdef"), "{out}");
    }
    let (_, out, _) = gateway(&["explain", "GET", "/a", "--config", file.path()]);
    assert!(!out.contains("PROXY"), "{out}");
}

#[test]
fn explain_tells_what_else_a_route_of_models_does() {
    let route = |more: &str| {
        format!(
            "routes:\n  ai:\n    match: \"/{{*rest}}\"\n    ai:\n      providers: {{ local: {{ kind: openai, base_url: http://127.0.0.1:1/v1 }} }}\n      models: {{ voice: local/m }}\n{more}"
        )
    };
    for (name, more, parts) in [
        (
            "bare",
            "",
            &["websocket closed after 10m of silence or 1h in all\n"][..],
        ),
        (
            "full",
            "      files: [local]\n      websocket: { idle: 90s, total: 20m }\n",
            &[
                "files     local\n",
                "websocket closed after 1m30s of silence or 20m in all\n",
            ],
        ),
    ] {
        let file = File::new(&format!("explain-ai-{name}.yaml"), &route(more));
        let (_, out, err) = gateway(&[
            "explain",
            "GET",
            "/v1/realtime?model=voice",
            "--config",
            file.path(),
        ]);
        assert_eq!(err, "");
        for part in parts {
            assert!(out.contains(part), "{part}\n{out}");
        }
        assert_eq!(out.contains("files "), name == "full", "{out}");
    }
}

#[test]
fn explain_tells_targets_copies_and_parts() {
    let text = "\
upstreams:
  v1: { endpoints: [http://127.0.0.1:9001] }
  v2: { endpoints: [http://127.0.0.1:9002] }
routes:
  one: { match: \"/one/{id}\", split: { to: { v1: 95%, v2: 5% }, force_header: x-canary, sticky: \"header:x-user\" }, layers: { mirror: { to: v2, share: 10% } } }
  many: { match: \"/many/{id}\", aggregate: { parts: { user: { to: v1, get: \"/users/{id}?l={query:lang}\" }, note: { to: v2, post: /notes } } } }
";
    let file = File::new("explain-delivery.yaml", text);
    let explain = |url: &str, more: &[&str]| {
        let args = [&["explain", "GET", url, "--config", file.path()], more].concat();
        let (exit, out, err) = gateway(&args);
        assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
        out
    };
    let forced = explain("/one/7", &["-H", "x-canary: v2"]);
    for part in [
        "mirror    10% of GET, HEAD to v2",
        "split     v1  95%",
        "          v2  5%",
        "          this request: v2",
    ] {
        assert!(forced.contains(part), "{part}\n{forced}");
    }
    let sticky = explain("/one/7", &["-H", "x-user: alice"]);
    assert_eq!(
        sticky,
        explain("/one/8", &["-H", "x-user: alice"]).replace("/one/8", "/one/7")
    );
    assert!(sticky.contains("this request: v"), "{sticky}");
    let chance = explain("/one/7", &[]);
    assert!(
        chance.contains("header:x-user (this request has none)"),
        "{chance}"
    );
    let parts = explain("/many/a%20b?lang=de", &[]);
    for part in ["user  v1  GET /users/a%20b?l=de", "note  v2  POST /notes"] {
        assert!(parts.contains(part), "{part}\n{parts}");
    }
    let missing = explain("/many/7", &[]);
    assert!(
        missing.contains("GET (`query:lang` is missing)"),
        "{missing}"
    );
}
