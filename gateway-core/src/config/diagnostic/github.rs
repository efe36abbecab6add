use std::fmt::Write as _;

use super::list::Diagnostics;

/// Workflow commands: one line each, `::error file=…,line=…::message`.
pub(super) fn render(list: &Diagnostics) -> String {
    let mut out = String::new();
    for finding in list {
        let _ = write!(out, "::{} ", finding.severity().as_str());
        if let Some(at) = finding.location() {
            let _ = write!(
                out,
                "file={},line={},col={},endColumn={},",
                property(&at.file),
                at.line,
                at.col,
                at.col + at.len
            );
        }
        let _ = write!(out, "title={}::{}", finding.code(), data(finding.message()));
        if let Some(label) = finding.get_label() {
            let _ = write!(out, " ({})", data(label));
        }
        for note in finding.notes() {
            let _ = write!(out, "%0A{}", data(note));
        }
        out.push('\n');
    }
    out
}

/// A line break would end the command and start another one of the file author's choosing.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use crate::config::{Diagnostic, Location, Style};

    use super::*;

    #[test]
    fn one_escaped_line_per_finding() {
        let mut list = Diagnostics::new();
        list.push(
            Diagnostic::error("GW1003", "unknown field `a\n::warning::b`")
                .at(Location {
                    file: "a,b.yaml".into(),
                    line: 2,
                    col: 3,
                    len: 4,
                    text: "".into(),
                })
                .label("did you mean `c`?")
                .note("100% certain"),
        );
        assert_eq!(
            list.render(Style::Github),
            "::error file=a%2Cb.yaml,line=2,col=3,endColumn=7,title=GW1003::unknown field `a%0A::warning::b` (did you mean `c`?)%0A100%25 certain\n"
        );
    }
}
