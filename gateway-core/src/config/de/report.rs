use super::{
    Reader,
    context::{Context, Found, find},
    deserializer::one_of,
    error::{At, Kind, ReadError},
};
use crate::config::{
    Diagnostic, Diagnostics, closest,
    diagnostic::codes,
    value::{Node, Span, Step, Value, join},
};

/// What a section of the file is called, for messages about what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// As in "unknown field `x` in layer `jwt`".
    pub title: String,
    /// A line that tells where all its fields are listed.
    pub note: Option<String>,
}

impl Reader<'_> {
    pub(super) fn diagnose(&self, error: &ReadError, at: At) -> Diagnostic {
        let steps = self.steps(at);
        // A key is wrong as the content of what holds it.
        let holder = match at {
            At::Key(_) => &steps[..steps.len().saturating_sub(1)],
            At::Node(_) => &steps[..],
        };
        let (leaf, container) = split(holder);
        let wording = |kind: &str| match leaf.is_empty() {
            true => format!("{kind} for the config"),
            false => format!("{kind} for `{leaf}`{}", self.within(container)),
        };
        let finding = match &error.kind {
            Kind::UnknownField { name, expected } => {
                return self.unknown_field(at, name, expected);
            }
            Kind::UnknownVariant { name, expected } => Diagnostic::error(
                codes::UNKNOWN_VARIANT,
                wording(&format!("unknown value `{name}`")),
            )
            .label(suggestion(name, expected)),
            Kind::Missing(name) => Diagnostic::error(
                codes::MISSING_FIELD,
                format!("missing field `{name}`{}", self.within(&steps)),
            )
            .label(format!("`{name}` is required here")),
            Kind::WrongType { found, expected } => {
                let quotable = found.starts_with("the number") || found.starts_with('`');
                let hint = if expected == "a text" && quotable {
                    ": put it in quotes"
                } else {
                    ""
                };
                Diagnostic::error(codes::WRONG_TYPE, wording("wrong type"))
                    .label(self.redact(at, &format!("expected {expected}, found {found}{hint}")))
            }
            Kind::Invalid(message) => {
                Diagnostic::error(codes::INVALID_VALUE, wording("invalid value"))
                    .label(self.redact(at, message))
            }
        };
        finding
            .at(self.tree.source().locate(self.span(at)))
            .path(join(&steps))
    }

    /// Reports what was noticed while reading but is no error of serde's.
    pub(super) fn report_ignored(&self, context: &Context, findings: &mut Diagnostics) {
        for unknown in context.take_unknown() {
            findings.push(self.unknown_field(unknown.key, &unknown.name, &unknown.expected));
        }
        for at in context.take_literal_secrets() {
            let steps = self.steps(at);
            let (leaf, container) = split(&steps);
            findings.push(
                Diagnostic::warning(
                    codes::LITERAL_SECRET,
                    format!(
                        "the secret `{leaf}`{} is written out",
                        self.within(container)
                    ),
                )
                .at(self.tree.source().locate(self.span(at)).masked())
                .path(join(&steps))
                .label("refer to it: `${env:NAME}` or `${file:/path}`"),
            );
        }
    }

    fn unknown_field(&self, at: At, name: &str, expected: &[String]) -> Diagnostic {
        let steps = self.steps(at);
        let parent = match at {
            At::Key(_) => &steps[..steps.len().saturating_sub(1)],
            At::Node(_) => &steps[..],
        };
        let message = format!("unknown field `{name}`{}", self.within(parent));
        let mut finding = Diagnostic::error(codes::UNKNOWN_FIELD, message)
            .at(self.tree.source().locate(self.span(at)))
            .path(join(&steps))
            .label(suggestion(name, expected))
            .note("unknown fields are errors, so a typo can never switch a check off");
        if let Some(note) = self.scope(parent).and_then(|(_, scope)| scope.note) {
            finding = finding.note(note);
        }
        finding
    }

    /// ` in layer `jwt``, or nothing at the top of the file.
    fn within(&self, steps: &[Step<'_>]) -> String {
        if steps.is_empty() {
            return String::new();
        }
        match self.scope(steps) {
            Some((depth, scope)) if depth == steps.len() => format!(" in {}", scope.title),
            Some((depth, scope)) => format!(" in `{}` of {}", join(&steps[depth..]), scope.title),
            None => format!(" in `{}`", join(steps)),
        }
    }

    /// The innermost named section around `steps`, and how deep it is.
    fn scope(&self, steps: &[Step<'_>]) -> Option<(usize, Scope)> {
        (1..=steps.len())
            .rev()
            .find_map(|depth| Some((depth, (self.describe)(&join(&steps[..depth]))?)))
    }

    fn steps(&self, at: At) -> Vec<Step<'_>> {
        self.tree
            .steps_to(&|node, entry| {
                At::node(node) == at || entry.is_some_and(|entry| At::key(entry) == at)
            })
            .unwrap_or_default()
    }

    fn span(&self, at: At) -> Span {
        match find(self.tree.root(), at) {
            Some(Found::Key(entry)) => entry.key.span,
            Some(Found::Node(node)) => self.value_span(node),
            None => Span::default(),
        }
    }

    /// A map or list is pointed at by its key: its own place may be a dozen lines.
    fn value_span(&self, node: &Node) -> Span {
        let key = || {
            let path = join(&self.steps(At::node(node)));
            self.tree.find(&path).key
        };
        match &node.value {
            Value::Map(_) | Value::Null => key().unwrap_or(node.span),
            _ => node.span,
        }
    }

    /// A message may quote the value; a value that came by reference is quoted by its reference.
    fn redact(&self, at: At, message: &str) -> String {
        match find(self.tree.root(), at) {
            Some(Found::Node(Node {
                value: Value::String(text),
                ..
            })) if text.is_resolved() && !text.as_str().is_empty() => {
                message.replace(text.as_str(), text.shown())
            }
            _ => message.to_owned(),
        }
    }
}

/// The last key with the indices behind it, and what is before.
fn split<'a, 's>(steps: &'s [Step<'a>]) -> (String, &'s [Step<'a>]) {
    let at = steps
        .iter()
        .rposition(|step| matches!(step, Step::Key(_)))
        .unwrap_or(0);
    (join(&steps[at..]), &steps[..at])
}

fn suggestion(name: &str, expected: &[String]) -> String {
    let names: Vec<&str> = expected.iter().map(String::as_str).collect();
    match closest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "nothing reads this".to_owned(),
        None => format!("expected {}", one_of(&names)),
    }
}
