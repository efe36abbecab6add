use gateway_core::config::Format;

use super::{found, read};

const AI: &str = "\
routes:
  ai:
    match: \"/{*rest}\"
    ai:
      providers:
        local: { kind: openai, base_url: http://127.0.0.1:9001/v1 }
      models:
        fast: [local/a, local/b]
";

#[test]
fn a_route_leads_to_models_or_to_an_upstream() {
    let loaded = read(Format::Yaml, AI).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let both =
        format!("{AI}    to: app\nupstreams: {{ app: {{ endpoints: [http://127.0.0.1:1] }} }}\n");
    assert_eq!(found(&both), [("GW2006", 9, 5)]);
}

#[test]
fn mistakes_in_the_ai_section_have_a_place() {
    for (from, to, expected) in [
        ("local/a", "lcal/a", ("GW2001", 8, 9)),
        ("fast: [local/a, local/b]", "fast: fast", ("GW2001", 8, 15)),
        ("kind: openai", "kind: opnai", ("GW2001", 6, 24)),
        ("models:", "modles:", ("GW1003", 7, 7)),
        ("base_url", "baseurl", ("GW1003", 6, 32)),
    ] {
        assert_eq!(found(&AI.replace(from, to)), [expected], "{to}");
    }
}
