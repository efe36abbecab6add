use super::{found, refused};

fn with_route(route: &str) -> String {
    format!(
        "upstreams:
  v1: {{ endpoints: [http://127.0.0.1:9001] }}
  v2: {{ endpoints: [http://127.0.0.1:9002] }}
routes:
  all: {{ match: \"/{{*rest}}\", to: v1 }}
  one: {{ match: \"/one/{{id}}\", {route} }}
"
    )
}

fn codes(route: &str) -> Vec<&'static str> {
    let found = found(&with_route(route));
    found.into_iter().map(|finding| finding.0).collect()
}

#[test]
fn a_route_leads_to_one_place_that_is_there() {
    for (route, expected) in [
        ("split: { to: { v1: 95%, v2: 5% } }", vec![]),
        ("split: { to: { v1: 2, v2: 1 } }", vec![]),
        ("to: v2, layers: { mirror: { to: v1 } }", vec![]),
        ("to: v1, layers: { mirror: { to: v2, share: 10% } }", vec![]),
        (
            "aggregate: { parts: { a: { to: v2, get: \"/{id}\" } } }",
            vec![],
        ),
        ("to: v2, split: { to: { v1: 1 } }", vec!["GW2006"]),
        (
            "aggregate: { parts: { a: { to: v2, get: / } } }, split: { to: { v1: 1 } }",
            vec!["GW2006"],
        ),
        (
            "to: v2, split: { to: { v1: 60%, v3: 40% } }",
            vec!["GW2006", "GW2007"],
        ),
        ("split: { to: { v2: 60%, v3: 40% } }", vec!["GW2007"]),
        ("to: v2, layers: { mirror: { to: v4 } }", vec!["GW2007"]),
        (
            "aggregate: { parts: { a: { to: v2, get: / }, b: { to: v3, get: / } } }",
            vec!["GW2007"],
        ),
        ("split: { to: { v1: 60%, v2: 50% } }", vec!["GW2001"]),
        ("split: { to: { v1: 0, v2: 0 } }", vec!["GW2001"]),
        (
            "split: { to: { v1: 1, v2: 1 }, sticky: subject }",
            vec!["GW2012"],
        ),
        (
            "split: { to: { v1: 1, v2: 1 }, sticky: subject.or(client_ip) }",
            vec![],
        ),
        (
            "to: v2, layers: { mirror: { to: v1, methods: [get] } }",
            vec!["GW2001"],
        ),
        (
            "aggregate: { parts: { a: { to: v2, get: x } } }",
            vec!["GW2001"],
        ),
        ("aggregate: { parts: { a: { to: v2 } } }", vec!["GW2001"]),
    ] {
        assert_eq!(codes(route), expected, "{route}");
    }
}

#[test]
fn findings_say_where() {
    let text = refused(&with_route("split: { to: { v2: 60%, v11: 40% } }"));
    assert!(text.contains("upstream `v11` is not defined"), "{text}");
    assert!(text.contains(":6:54"), "{text}");
    assert!(text.contains("did you mean `v1`"), "{text}");
    let text = refused(&with_route(
        "aggregate: { parts: { a: { to: v2, get: \"/{\" } } }",
    ));
    assert!(
        text.contains("braces come in pairs") && text.contains(":6:"),
        "{text}"
    );
    let text = refused(&with_route("split: { to: { v1: 95%, v2: 4% } }"));
    assert!(text.contains("make up 99%"), "{text}");
}
