use gateway_core::config::Format;

use super::{found, read, with_layers};

const AUTH: &str = "\
auth:
  main: { oidc: https://id.example.com, audience: [orders] }
  keys: { api_key: { keys: [\"${env:GATEWAY_ADMIN_TOKEN}\"] } }
";

#[test]
fn a_definition_stands_in_the_place_of_its_name() {
    let text = format!("{AUTH}{}", with_layers("jwt: main, api_key: keys"));
    let loaded = read(Format::Yaml, &text).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let route = loaded.config.routes.get("all").unwrap();
    let jwt = route.layers.jwt().unwrap();
    assert!(
        format!("{jwt:?}").contains("https://id.example.com"),
        "{jwt:?}"
    );
    assert_eq!(route.layers.api_key().unwrap().keys.len(), 1);
    assert_eq!(route.layers.names(), ["jwt", "api_key"]);
}

#[test]
fn a_name_that_is_not_defined_or_of_the_other_kind_is_an_error() {
    for (layers, label) in [
        (
            "jwt: mian",
            "did you mean `main` (defined at gateway.yaml:2:3)?",
        ),
        ("jwt: keys", "use it as `api_key`"),
        ("api_key: main", "use it as `jwt`"),
    ] {
        let text = format!("{AUTH}{}", with_layers(layers));
        let findings = read(Format::Yaml, &text).unwrap_err();
        let finding = findings.iter().next().unwrap();
        assert_eq!(
            (findings.len(), finding.code()),
            (1, "GW2014"),
            "{findings}"
        );
        assert_eq!(finding.get_label(), Some(label));
    }
    let found = found(&with_layers("jwt: main"));
    assert_eq!(found, [("GW2014", 4, 53)]);
}

#[test]
fn a_broken_definition_is_reported_once_and_where_it_is() {
    let text = format!(
        "{}{}",
        AUTH.replace("audience:", "audiance:"),
        with_layers("jwt: main")
    );
    assert_eq!(found(&text), [("GW1003", 2, 41)]);
    // What only the builder knows: no issuer.
    let text = format!(
        "auth: {{ main: {{ audience: [a] }} }}\n{}",
        with_layers("jwt: main")
    );
    let findings = read(Format::Yaml, &text).unwrap_err();
    assert_eq!(findings.len(), 1, "{findings}");
    assert_eq!(findings.iter().next().unwrap().location().unwrap().line, 1);
}
