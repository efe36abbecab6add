use proptest::prelude::*;

use super::parse;
use crate::config::{Format, Style, codes};

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "[\\PC\n\t]*") {
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            let (tree, findings) = parse(format, &text);
            prop_assert!(tree.is_some() || findings.has_errors());
            let _ = findings.render(Style::Human);
        }
    }

    #[test]
    fn almost_config_never_panics(parts in prop::collection::vec(
        prop::sample::select(vec![
            "a", "b", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ",", "\"", "'", "&x ", "*x", "|",
            ">", "#", "= ", "1", "1.5", "true", "${env:X}", "---\n", "!t ", "é", "\\", "<<", "?",
        ]), 0..40)) {
        let text = parts.concat();
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            let (tree, findings) = parse(format, &text);
            prop_assert!(tree.is_some() || findings.has_errors());
        }
    }

    #[test]
    fn json_agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-z .\-]{0,24}"#) {
        let (tree, findings) = parse(Format::Json, &text);
        let duplicate = findings.iter().any(|f| f.code() == codes::DUPLICATE_KEY);
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(serde_json::Value::Null) => {}
            Ok(value) if !duplicate => prop_assert_eq!(tree.unwrap().redacted(), value),
            Ok(_) => {}
            Err(_) => prop_assert!(tree.is_none(), "{}", text),
        }
    }
}
