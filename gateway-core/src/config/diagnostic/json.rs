use serde::Serialize;

use super::{
    finding::{Diagnostic, Severity},
    list::Diagnostics,
};

pub(super) fn render(list: &Diagnostics) -> String {
    let mut text = serde_json::to_string_pretty(list).expect("strings and numbers serialize");
    text.push('\n');
    text
}

impl Serialize for Diagnostics {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Report {
            diagnostics: self.iter().map(Row::from).collect(),
            errors: self.count(Severity::Error),
            warnings: self.count(Severity::Warning),
            summary: self.summary(),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Row<'a>>,
    errors: usize,
    warnings: usize,
    summary: String,
}

#[derive(Serialize)]
struct Row<'a> {
    severity: Severity,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    col: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

impl<'a> From<&'a Diagnostic> for Row<'a> {
    fn from(finding: &'a Diagnostic) -> Self {
        let at = finding.location();
        Self {
            severity: finding.severity(),
            code: finding.code(),
            message: finding.message(),
            file: at.map(|at| &*at.file),
            line: at.map(|at| at.line),
            col: at.map(|at| at.col),
            len: at.map(|at| at.len),
            path: finding.get_path(),
            label: finding.get_label(),
            notes: finding.notes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Location, Style};

    use super::*;

    #[test]
    fn one_document_with_counts() {
        let mut list = Diagnostics::new();
        list.push(
            Diagnostic::error("GW1003", "unknown field `x`")
                .at(Location {
                    file: "a.yaml".into(),
                    line: 2,
                    col: 3,
                    len: 1,
                    text: "  x: 1".into(),
                })
                .path("routes.x")
                .label("did you mean `y`?"),
        );
        list.push(Diagnostic::warning("GW3001", "w"));
        let value: serde_json::Value = serde_json::from_str(&list.render(Style::Json)).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "diagnostics": [
                    {
                        "severity": "error", "code": "GW1003", "message": "unknown field `x`",
                        "file": "a.yaml", "line": 2, "col": 3, "len": 1, "path": "routes.x",
                        "label": "did you mean `y`?"
                    },
                    { "severity": "warning", "code": "GW3001", "message": "w" }
                ],
                "errors": 1, "warnings": 1,
                "summary": "1 error, 1 warning · config not loaded"
            })
        );
    }
}
