use std::{io, path::Path};

use gateway_core::config::{Format, Lookup, Source, Style};

use crate::config::load_text;

struct AnyEnv;

impl Lookup for AnyEnv {
    fn env(&self, name: &str) -> Option<String> {
        (name != "GATEWAY_KEY").then(|| format!("the value of {name}, which is long"))
    }

    fn file(&self, _: &Path) -> io::Result<String> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }
}

/// Loads what is left of the sample and prints all findings: whatever they are, it must not panic,
/// and it must not print a secret.
fn survives(format: Format, text: &str) {
    let findings = match load_text(Source::new("sample", text), format, &AnyEnv) {
        Ok(loaded) => loaded.warnings,
        Err(findings) => findings,
    };
    for style in [Style::Human, Style::Json, Style::Github] {
        let shown = findings.render(style);
        assert!(!shown.contains("which is long"), "{shown}");
    }
}

const SAMPLES: [(Format, &str); 3] = [
    (Format::Yaml, include_str!("../sample/complete.yaml")),
    (Format::Toml, include_str!("../sample/complete.toml")),
    (Format::Json, include_str!("../sample/complete.json")),
];

#[test]
fn any_line_may_be_missing() {
    for (format, text) in SAMPLES {
        let lines: Vec<&str> = text.lines().collect();
        for skipped in (0..lines.len()).step_by(3) {
            let rest: Vec<&str> = lines
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != skipped)
                .map(|(_, line)| *line)
                .collect();
            survives(format, &rest.join("\n"));
        }
    }
}

#[test]
fn a_file_may_end_anywhere() {
    for (format, text) in SAMPLES {
        for end in (0..text.len()).step_by(97) {
            survives(format, &text[..end]);
        }
    }
}

#[test]
fn any_value_may_be_of_another_kind() {
    let text = SAMPLES[0].1;
    for (from, to) in [
        (": {", ": [{"),
        (": [", ": x ["),
        ("true", "7"),
        ("s,", ","),
        ("http", "htp"),
        ("${env:", "${evn:"),
        ("/", "{"),
        (": ", ": ~ #"),
    ] {
        let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
        for at in places.into_iter().step_by(5) {
            let changed = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
            survives(Format::Yaml, &changed);
        }
    }
}
