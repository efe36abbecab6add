use std::sync::Arc;

use serde::Serialize;

/// Whether a finding stops the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file works; something in it is probably not meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A stretch of one line of a file, with the line itself, so that a finding can be printed
/// wherever it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The name the file was loaded under.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
    /// Length in characters, at least 1.
    pub len: u32,
    /// The whole line, without its end.
    pub text: Arc<str>,
}

impl Location {
    /// The same place without what stands there: for findings that end up in logs.
    #[must_use]
    pub fn masked(mut self) -> Self {
        let skip = self.col.saturating_sub(1) as usize;
        let len = self.len as usize;
        self.text = self
            .text
            .chars()
            .enumerate()
            .map(|(at, c)| {
                if (skip..skip + len).contains(&at) {
                    '•'
                } else {
                    c
                }
            })
            .collect::<String>()
            .into();
        self
    }
}

/// One finding about a config file.
///
/// ```
/// use gateway_core::config::Diagnostic;
///
/// let finding = Diagnostic::error("GW2007", "upstream `order` is not defined")
///     .label("did you mean `orders`?")
///     .note("upstreams are defined under `upstreams`");
/// assert_eq!(finding.code(), "GW2007");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a finding nobody collects is never shown"]
pub struct Diagnostic {
    severity: Severity,
    code: &'static str,
    message: String,
    location: Option<Location>,
    label: Option<String>,
    notes: Vec<String>,
    path: Option<String>,
}

impl Diagnostic {
    /// A finding that stops the file from being used.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A finding the file can be used with.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            location: None,
            label: None,
            notes: Vec::new(),
            path: None,
        }
    }

    /// Where it stands in the file.
    pub fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.location = location.into();
        self
    }

    /// What to write beside the carets, usually the fix.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A line of background below the source line.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The dotted path of keys that leads to the place.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Error or warning.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// The stable code, such as `GW1003`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, if the finding belongs to a place.
    #[must_use]
    pub const fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// The text beside the carets.
    #[must_use]
    pub fn get_label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The lines of background.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The dotted path of keys, where it is known.
    #[must_use]
    pub fn get_path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// File, line and column first, so that findings are read top to bottom; what has no place in
    /// a file comes last.
    pub(super) fn order(&self) -> (bool, &str, u32, u32, Severity) {
        match &self.location {
            Some(at) => (false, &at.file, at.line, at.col, self.severity),
            None => (true, "", 0, 0, self.severity),
        }
    }
}
