use super::{
    codes,
    finding::{Diagnostic, Severity},
    github, human, json,
};

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Style {
    /// Source lines with carets, for a terminal.
    #[default]
    Human,
    /// One JSON document, for programs.
    Json,
    /// Workflow commands, which GitHub shows beside the changed line.
    Github,
}

/// The findings of one run, errors and warnings.
///
/// Everything that reads a config file takes `&mut Diagnostics` and carries on after a mistake, so
/// that one run shows them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No findings.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a finding, once: a second one with the same code, message and place says nothing new.
    pub fn push(&mut self, finding: Diagnostic) {
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }

    /// Adds all findings of `other`.
    pub fn append(&mut self, other: Self) {
        for finding in other.0 {
            self.push(finding);
        }
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|f| f.severity() == Severity::Error)
    }

    /// Whether there is an error at `path` or below it, other than those with `code`.
    #[must_use]
    pub fn has_error_within(&self, path: &str, code: &str) -> bool {
        self.0.iter().any(|finding| {
            let below = |at: &str| {
                at.strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            finding.severity() == Severity::Error
                && finding.code() != code
                && finding.get_path().is_some_and(below)
        })
    }

    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many findings have `severity`.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|f| f.severity() == severity).count()
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorts by file, line and column.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.order().cmp(&b.order()));
    }

    /// One line: `2 errors, 1 warning · 1 secret missing · config not loaded`.
    ///
    /// Missing secrets are counted apart because they are mended in another place than the file.
    #[must_use]
    pub fn summary(&self) -> String {
        let secrets = self
            .0
            .iter()
            .filter(|f| [codes::MISSING_ENV, codes::MISSING_FILE].contains(&f.code()))
            .count();
        let errors = self.count(Severity::Error) - secrets;
        let mut text = format!(
            "{}, {}",
            counted(errors, "error"),
            counted(self.count(Severity::Warning), "warning")
        );
        if secrets > 0 {
            text.push_str(&format!(" · {} missing", counted(secrets, "secret")));
        }
        if self.has_errors() {
            text.push_str(" · config not loaded");
        }
        text
    }

    /// All findings in one text; `Human` and `Json` end with the summary.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut sorted = self.clone();
        sorted.sort();
        match style {
            Style::Human => human::render(&sorted),
            Style::Json => json::render(&sorted),
            Style::Github => github::render(&sorted),
        }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(finding: Diagnostic) -> Self {
        Self(vec![finding])
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Style::Human))
    }
}

impl std::error::Error for Diagnostics {}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_counts_secrets_apart() {
        let mut list = Diagnostics::new();
        assert_eq!(list.summary(), "0 errors, 0 warnings");
        list.push(Diagnostic::warning("GW3001", "w"));
        assert_eq!(list.summary(), "0 errors, 1 warning");
        list.push(Diagnostic::error("GW1003", "a"));
        list.push(Diagnostic::error("GW2007", "b"));
        list.push(Diagnostic::error(codes::MISSING_ENV, "c"));
        assert_eq!(
            list.summary(),
            "2 errors, 1 warning · 1 secret missing · config not loaded"
        );
    }

    #[test]
    fn a_finding_is_told_once() {
        let mut list = Diagnostics::new();
        list.push(Diagnostic::error("GW1003", "a"));
        list.push(Diagnostic::error("GW1003", "a"));
        assert_eq!(list.len(), 1);
    }
}
