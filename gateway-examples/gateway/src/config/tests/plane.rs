use super::{found, refused};

/// An upstream with these options, and a route to it.
fn upstream(options: &str) -> String {
    format!(
        "upstreams:\n  app:\n    endpoints: [http://127.0.0.1:9001]\n    {options}\nroutes:\n  all: {{ match: \"/{{*rest}}\", to: app }}\n"
    )
}

/// A listener with these options.
fn listener(options: &str) -> String {
    format!(
        "listeners:\n  main: {{ bind: \"127.0.0.1:8080\", {options} }}\n{}",
        upstream("")
    )
}

#[test]
fn what_an_upstream_cannot_be_is_told_where_it_stands() {
    for (options, at, said) in [
        ("balance: fastest", (4, 14), "p2c_ewma"),
        ("balance: { hash: \"subjct\" }", (4, 22), "subject"),
        ("panic: 120%", (4, 12), "100"),
        ("slow_start: soon", (4, 17), "duration"),
        ("sticky: { cookie: { path: a } }", (4, 31), "/"),
        ("sticky: { cookie: { name: \"a b\" } }", (4, 31), "name"),
        (
            "probe: { every: 0s }",
            (4, 5),
            "one of `path`, `tcp` and `grpc`",
        ),
        ("outlier: { failures: 0 }", (4, 26), "never failed"),
        ("probe: { path: healthz }", (4, 20), "/"),
        ("probe: { path: /, up: 0 }", (4, 27), "at least one probe"),
        ("probe: { path: /, every: 0s }", (4, 30), "without a pause"),
        ("probe: { path: /, status: 700 }", (4, 31), "700"),
        (
            "breaker: { error_ratio: 0% }",
            (4, 29),
            "every failure opens it",
        ),
        ("breaker: { window: 0s }", (4, 24), "no time"),
        ("retry: { for: [sometimes] }", (4, 20), "sometimes"),
        ("retry: { budget: 200% }", (4, 22), "100"),
        ("hedge: { after: p101 }", (4, 21), "p101"),
        ("timeouts: { connect: 0s }", (4, 26), "lets nothing through"),
        ("timeouts: { conect: 1s }", (4, 17), "connect"),
        ("protocol: http3", (4, 15), "http1"),
        ("resolve: { every: 0s }", (4, 23), "without a pause"),
        ("resolve: { servers: [nowhere] }", (4, 26), "10.0.0.2:53"),
    ] {
        check(&upstream(options), at, said);
    }
}

#[test]
fn what_a_listener_cannot_be_is_told_where_it_stands() {
    for (options, at, said) in [
        (
            "proxy_protocol: true",
            (2, 51),
            "`true` is neither `required` nor `optional`",
        ),
        ("proxy_protocol: required", (2, 51), "nobody is trusted"),
        (
            "proxy_protocol: { trusted: [\"::1\"], timeout: 0s }",
            (2, 80),
            "no header arrives that fast",
        ),
        ("redirect: http", (2, 45), "https"),
        ("redirect: https", (2, 45), "no listener has TLS"),
        ("hsts: true", (2, 41), "RFC 6797"),
        ("mode: \"0600\"", (2, 41), "Unix"),
        (
            "tls: { self_signed: [a], min_version: \"1.0\" }",
            (2, 73),
            "1.2",
        ),
        ("tls: { cert: /nowhere.pem }", (2, 48), "key"),
    ] {
        check(&listener(options), at, said);
    }
}

fn check(text: &str, at: (u32, u32), said: &str) {
    let findings = found(text);
    let told = refused(text);
    assert!(told.contains(said), "{said}\n{told}");
    let errors = findings.iter().map(|(_, line, col)| (*line, *col));
    assert_eq!(errors.collect::<Vec<_>>(), [at], "{told}");
}
