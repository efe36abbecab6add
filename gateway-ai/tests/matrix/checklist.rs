//! What translating between dialects must get right, point by point, and where each is proven.
//!
//! `checklist.tsv` names for every point the tests that cover it or the reason why it asks nothing of
//! the gateway; `open` says that no test looks at it alone. Here the names are looked up, so that a
//! renamed test is noticed.

use std::{collections::BTreeSet, fs, path::Path};

fn sources() -> String {
    fn gather(folder: &Path, out: &mut String) {
        let entries = fs::read_dir(folder).unwrap().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.is_dir() {
                gather(&path, out);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                out.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = String::new();
    gather(&root.join("src"), &mut out);
    gather(&root.join("tests"), &mut out);
    out
}

/// The names of all functions marked as tests, those inside of macros too.
fn tests(sources: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in sources.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        }
        let name = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ");
        if let Some((name, _)) = name.and_then(|rest| rest.split_once('(')) {
            if marked {
                found.insert(name);
            }
            marked = false;
        }
    }
    found
}

#[test]
fn every_point_names_a_proof_that_exists() {
    let sources = sources();
    let tests = tests(&sources);
    let lines = include_str!("checklist.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, line) in (1..).zip(lines) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [point, kind, proof, asks] = fields[..] else {
            panic!("{line}: not four fields");
        };
        assert_eq!(point, number.to_string(), "points are in order");
        count = number;
        let holds = match kind {
            "test" => proof.split(", ").all(|name| tests.contains(name)),
            "n/a" | "open" => proof.contains(' '),
            _ => false,
        };
        if !holds || asks.is_empty() {
            wrong.push(line);
        }
    }
    assert_eq!(count, 213);
    assert!(wrong.is_empty(), "no such proof:\n{}", wrong.join("\n"));
}
