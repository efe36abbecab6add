use std::{
    fmt::Write as _,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    Diagnostic, Diagnostics, Source, Tree,
    diagnostic::codes,
    value::{Node, Span, Text, Value},
};

/// Where `${env:…}` and `${file:…}` are looked up.
pub trait Lookup {
    /// The environment variable `name`.
    fn env(&self, name: &str) -> Option<String>;

    /// The content of the file at `path`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read as text.
    fn file(&self, path: &Path) -> io::Result<String>;
}

/// The process environment and the file system.
#[derive(Clone, Debug, Default)]
pub struct System {
    base: PathBuf,
}

impl System {
    /// Relative paths are taken from `base`, which is the directory of the config file: what a
    /// file refers to must not depend on where the program was started.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

impl Lookup for System {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        let file = std::fs::File::open(self.base.join(path))?;
        let mut text = String::new();
        // One byte more than is allowed tells a long file from one that just fits.
        file.take(MAX_FILE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            return Err(io::Error::other("it is larger than 64 KiB"));
        }
        Ok(text)
    }
}

impl Tree {
    /// Replaces `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` in every text.
    ///
    /// It works on the values and not on the raw text of the file, so a value can never become
    /// syntax and every position stays true. `$${` stands for `${`. What cannot be resolved is an
    /// error now and not at the first request.
    pub fn resolve(&mut self, lookup: &dyn Lookup, findings: &mut Diagnostics) {
        let source = self.source().clone();
        resolve(self.root_mut(), &source, lookup, findings);
    }
}

fn resolve(node: &mut Node, source: &Source, lookup: &dyn Lookup, findings: &mut Diagnostics) {
    match &mut node.value {
        Value::String(text) if text.text.contains("${") => {
            let span = node.span;
            for fault in expand(text, lookup) {
                findings.push(fault.diagnose(source, span));
            }
        }
        Value::Seq(elements) => {
            for element in elements {
                resolve(element, source, lookup, findings);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                resolve(&mut entry.node, source, lookup, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Expands the references of one text in place; on a fault the text stays and is marked.
fn expand(text: &mut Text, lookup: &dyn Lookup) -> Vec<Fault> {
    let mut value = String::new();
    let mut shown = String::new();
    let mut faults = Vec::new();
    let mut resolved = false;
    let mut rest = text.text.as_str();
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            value.push_str(before);
            value.push_str("${");
            shown.push_str(before);
            shown.push_str("${");
            rest = &reference[2..];
            continue;
        }
        value.push_str(before);
        shown.push_str(before);
        let Some((inner, tail)) = reference[2..].split_once('}') else {
            faults.push(Fault::Malformed(reference.to_owned()));
            break;
        };
        match look_up(inner, lookup) {
            Ok((found, name)) => {
                value.push_str(&found);
                let _ = write!(shown, "‹{name}›");
                resolved = true;
            }
            Err(fault) => faults.push(fault),
        }
        rest = tail;
    }
    if !faults.is_empty() {
        text.unresolved = true;
        return faults;
    }
    value.push_str(rest);
    shown.push_str(rest);
    text.text = value;
    text.redacted = resolved.then_some(shown);
    faults
}

/// The value of a reference and the name it is shown by.
fn look_up(inner: &str, lookup: &dyn Lookup) -> Result<(String, String), Fault> {
    let malformed = || Fault::Malformed(format!("${{{inner}}}"));
    let (kind, rest) = inner.split_once(':').ok_or_else(malformed)?;
    match kind {
        "env" => {
            let (name, default) = match rest.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (rest, None),
            };
            if !is_name(name) {
                return Err(malformed());
            }
            // As in a shell, `:-` also stands in for a variable that is set to nothing.
            let value = lookup.env(name);
            let value = match (value.filter(|value| !value.is_empty()), default) {
                (Some(value), _) => value,
                (None, Some(default)) => default.to_owned(),
                (None, None) => {
                    let set = lookup.env(name).is_some();
                    return Err(Fault::Env(name.to_owned(), set));
                }
            };
            Ok((value, format!("env:{name}")))
        }
        "file" if !rest.is_empty() => match lookup.file(Path::new(rest)) {
            // Editors and `kubectl create secret` leave a line end that is no part of the secret.
            Ok(text) => {
                let trimmed = text.strip_suffix('\n').unwrap_or(&text);
                let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
                Ok((trimmed.to_owned(), format!("file:{rest}")))
            }
            Err(error) => Err(Fault::File(rest.to_owned(), error)),
        },
        _ => Err(malformed()),
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[derive(Debug)]
enum Fault {
    /// Name, and whether it is set (to nothing).
    Env(String, bool),
    File(String, io::Error),
    Malformed(String),
}

impl Fault {
    fn diagnose(self, source: &Source, span: Span) -> Diagnostic {
        let finding = match self {
            Self::Env(name, false) => Diagnostic::error(
                codes::MISSING_ENV,
                format!("environment variable {name} is not set"),
            ),
            Self::Env(name, true) => Diagnostic::error(
                codes::MISSING_ENV,
                format!("environment variable {name} is empty"),
            ),
            Self::File(path, error) => Diagnostic::error(
                codes::MISSING_FILE,
                format!("file {path} cannot be read: {error}"),
            ),
            Self::Malformed(text) => Diagnostic::error(
                codes::MALFORMED_REFERENCE,
                format!("`{text}` is not a reference"),
            )
            .label("write `${env:NAME}`, `${env:NAME:-default}` or `${file:/path}`")
            .note("`$${` stands for the two characters `${`"),
        };
        finding.at(source.locate(span))
    }
}

const MAX_FILE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Format;

    struct Fixture;

    impl Lookup for Fixture {
        fn env(&self, name: &str) -> Option<String> {
            match name {
                "KEY" => Some("s3cr3t".to_owned()),
                "EMPTY" => Some(String::new()),
                "TRICK" => Some("${env:KEY}\": { x".to_owned()),
                _ => None,
            }
        }

        fn file(&self, path: &Path) -> io::Result<String> {
            match path.to_str() {
                Some("/run/k") => Ok("from file\n".to_owned()),
                _ => Err(io::Error::from(io::ErrorKind::NotFound)),
            }
        }
    }

    fn resolved(text: &str) -> (Tree, Diagnostics) {
        let mut findings = Diagnostics::new();
        let source = Source::new("f", text);
        let mut tree = Tree::parse(source, Format::Yaml, &mut findings).unwrap();
        tree.resolve(&Fixture, &mut findings);
        (tree, findings)
    }

    #[test]
    fn expands_on_values() {
        for (text, value, shown) in [
            ("${env:KEY}", "s3cr3t", "‹env:KEY›"),
            ("Bearer ${env:KEY}!", "Bearer s3cr3t!", "Bearer ‹env:KEY›!"),
            ("${env:NONE:-x}", "x", "‹env:NONE›"),
            ("${env:NONE:-}", "", "‹env:NONE›"),
            ("${env:EMPTY:-x}", "x", "‹env:EMPTY›"),
            ("${file:/run/k}", "from file", "‹file:/run/k›"),
            ("$${env:KEY}", "${env:KEY}", "${env:KEY}"),
            ("a$b $.c {{ d }}", "a$b $.c {{ d }}", "a$b $.c {{ d }}"),
            // What a variable holds is a value, never syntax and never another reference.
            ("${env:TRICK}", "${env:KEY}\": { x", "‹env:TRICK›"),
        ] {
            let (tree, findings) = resolved(&format!("v: '{text}'"));
            assert!(findings.is_empty(), "{text}: {findings}");
            assert_eq!(tree.find("v").node.as_str(), Some(value), "{text}");
            assert_eq!(tree.redacted()["v"], shown, "{text}");
        }
    }

    #[test]
    fn faults_have_a_code_and_a_place() {
        for (text, code, part) in [
            ("${env:NONE}", codes::MISSING_ENV, "NONE is not set"),
            ("${env:EMPTY}", codes::MISSING_ENV, "EMPTY is empty"),
            ("${file:/none}", codes::MISSING_FILE, "/none cannot be read"),
            ("${evn:KEY}", codes::MALFORMED_REFERENCE, "${evn:KEY}"),
            ("${env:}", codes::MALFORMED_REFERENCE, "${env:}"),
            ("${env:A B}", codes::MALFORMED_REFERENCE, "${env:A B}"),
            ("${KEY}", codes::MALFORMED_REFERENCE, "${KEY}"),
            ("${env:KEY", codes::MALFORMED_REFERENCE, "${env:KEY"),
        ] {
            let (_, findings) = resolved(&format!("a: 1\nv: ['{text}']"));
            let finding = findings.iter().next().unwrap();
            assert_eq!(finding.code(), code, "{text}");
            assert!(
                finding.message().contains(part),
                "{text}: {}",
                finding.message()
            );
            let at = finding.location().unwrap();
            assert_eq!((at.line, at.col), (2, 5), "{text}");
        }
    }

    #[test]
    fn files_are_relative_to_the_config_and_bounded() {
        let dir = std::env::temp_dir().join(format!("gateway-config-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("small"), "x").unwrap();
        std::fs::write(dir.join("large"), "x".repeat(70_000)).unwrap();
        let system = System::new(&dir);
        assert_eq!(system.file(Path::new("small")).unwrap(), "x");
        assert!(system.file(Path::new("large")).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(parts in prop::collection::vec(
            prop::sample::select(vec!["$", "{", "}", "env:", "file:", "KEY", ":-", "é", "${"]), 0..12)) {
            let mut text = Text::new(parts.concat());
            let before = text.clone();
            if !expand(&mut text, &Fixture).is_empty() {
                prop_assert_eq!(&text.text, &before.text);
                prop_assert!(text.unresolved);
            }
        }
    }
}
