use gateway_core::config::{Format, Style};

use super::{found, read, with_layers};

#[test]
fn a_cache_behind_authentication_says_whose_answers_it_holds() {
    let keys = "api_key: { keys: [\"${env:GATEWAY_ADMIN_TOKEN}\"] }";
    for (layers, codes) in [
        (format!("{keys}, cache: {{ ttl: 30s }}"), vec!["GW2011"]),
        (
            format!("{keys}, cache: {{ ttl: 30s, partition: subject }}"),
            vec![],
        ),
        (
            format!("{keys}, cache: {{ ttl: 30s, partition: global }}"),
            vec![],
        ),
        ("cache: { ttl: 30s }".to_owned(), vec![]),
        ("api_key: disabled, cache: { ttl: 30s }".to_owned(), vec![]),
    ] {
        let found: Vec<_> = found(&with_layers(&layers))
            .into_iter()
            .map(|f| f.0)
            .collect();
        assert_eq!(found, codes, "{layers}");
    }
}

#[test]
fn a_key_of_the_caller_needs_a_caller() {
    for (layers, codes) in [
        ("rate_limit: { rate: 1/s, key: subject }", vec!["GW2012"]),
        (
            "rate_limit: { rate: 1/s, key: subject.or(client_ip) }",
            vec![],
        ),
        (
            "rate_limit: { rate: 1/s, key: \"tuple(route, tenant)\" }",
            vec!["GW2012"],
        ),
        (
            "rate_limit: { rate: 1/s, policies: [{ name: d, rate: 1/day, key: \"claim:org\" }] }",
            vec!["GW2012"],
        ),
        ("cache: { partition: subject }", vec!["GW2012"]),
        ("rate_limit: { rate: 1/s }", vec![]),
    ] {
        let found: Vec<_> = found(&with_layers(layers))
            .into_iter()
            .map(|f| f.0)
            .collect();
        assert_eq!(found, codes, "{layers}");
    }
}

#[test]
fn an_api_key_that_is_written_out_is_not_repeated() {
    let text = with_layers("api_key: { keys: [s3cr3t, \"${env:GATEWAY_ADMIN_TOKEN}\"] }");
    let warnings = read(Format::Yaml, &text).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    let shown = warnings.render(Style::Human);
    assert!(
        shown.contains("GW3101") && !shown.contains("s3cr3t"),
        "{shown}"
    );
}
