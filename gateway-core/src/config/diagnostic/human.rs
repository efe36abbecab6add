use std::fmt::Write as _;

use super::{
    finding::{Diagnostic, Location},
    list::Diagnostics,
};

pub(super) fn render(list: &Diagnostics) -> String {
    let mut out = String::new();
    for finding in list {
        block(&mut out, finding);
    }
    out.push_str(&list.summary());
    out.push('\n');
    out
}

fn block(out: &mut String, finding: &Diagnostic) {
    let head = format!(
        "{}[{}]: {}",
        finding.severity().as_str(),
        finding.code(),
        printable(finding.message())
    );
    let Some(at) = finding.location() else {
        out.push_str(&head);
        out.push('\n');
        notes(out, finding, 1);
        out.push('\n');
        return;
    };
    if finding.get_label().is_none() && finding.notes().is_empty() {
        // Nothing to point at but the place itself: one line says it.
        let _ = writeln!(out, "{head}        {}:{}:{}\n", at.file, at.line, at.col);
        return;
    }
    let number = at.line.to_string();
    let gutter = number.len() + 1;
    let _ = writeln!(out, "{head}");
    let _ = writeln!(out, "{:gutter$}┌─ {}:{}:{}", "", at.file, at.line, at.col);
    let (excerpt, lead, len) = excerpt(at);
    let _ = writeln!(out, "{number} │ {excerpt}");
    let _ = write!(out, "{:gutter$}│ {lead}{}", "", "^".repeat(len));
    if let Some(label) = finding.get_label() {
        let _ = write!(out, " {}", printable(label));
    }
    out.push('\n');
    notes(out, finding, gutter);
    out.push('\n');
}

fn notes(out: &mut String, finding: &Diagnostic, gutter: usize) {
    for note in finding.notes() {
        let _ = writeln!(out, "{:gutter$}= {}", "", printable(note));
    }
}

/// The part of the line around the place, the blank that leads to the carets, and how many carets.
///
/// A JSON file may be one line of a megabyte: only a window of it is shown.
fn excerpt(at: &Location) -> (String, String, usize) {
    let chars: Vec<char> = at.text.trim_end().chars().collect();
    let col = (at.col as usize).saturating_sub(1).min(chars.len());
    let start = if col > WINDOW / 2 && chars.len() > WINDOW {
        col - WINDOW / 4
    } else {
        0
    };
    let end = chars.len().min(start + WINDOW);
    let mut shown = String::new();
    let mut lead = String::new();
    if start > 0 {
        shown.push('…');
        lead.push(' ');
    }
    shown.extend(chars[start..end].iter().copied().map(visible));
    if end < chars.len() {
        shown.push('…');
    }
    lead.extend(
        chars[start..col]
            .iter()
            .map(|c| if *c == '\t' { '\t' } else { ' ' }),
    );
    let len = (at.len as usize).min(end.saturating_sub(col)).max(1);
    (shown, lead, len)
}

fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// A file may hold escape sequences that would repaint the terminal it is reported on.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' {
        '\u{fffd}'
    } else {
        c
    }
}

const WINDOW: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn location(line: u32, col: u32, len: u32, text: &str) -> Location {
        Location {
            file: "gateway.yaml".into(),
            line,
            col,
            len,
            text: text.into(),
        }
    }

    #[test]
    fn golden() {
        let mut list = Diagnostics::new();
        list.push(
            Diagnostic::error("GW1003", "unknown field `audiance` in layer `jwt`")
                .at(location(
                    41,
                    14,
                    8,
                    "      jwt: { audiance: orders-api, issuer: https://id.example.com }",
                ))
                .label("did you mean `audience`?")
                .note("unknown fields are errors, so a typo can never switch a check off")
                .note("all fields: gateway schema layers.jwt"),
        );
        list.push(
            Diagnostic::error("GW2101", "environment variable OPENAI_API_KEY is not set")
                .at(location(96, 31, 4, "x")),
        );
        list.push(Diagnostic::warning("GW3009", "nothing listens"));
        let expected = "\
error[GW1003]: unknown field `audiance` in layer `jwt`
   ┌─ gateway.yaml:41:14
41 │       jwt: { audiance: orders-api, issuer: https://id.example.com }
   │              ^^^^^^^^ did you mean `audience`?
   = unknown fields are errors, so a typo can never switch a check off
   = all fields: gateway schema layers.jwt

error[GW2101]: environment variable OPENAI_API_KEY is not set        gateway.yaml:96:31

warning[GW3009]: nothing listens

1 error, 1 warning · 1 secret missing · config not loaded
";
        assert_eq!(render(&list), expected);
    }

    #[test]
    fn a_huge_line_is_shown_in_part() {
        let text = format!("{}bad{}", "x".repeat(5000), "y".repeat(5000));
        let mut list = Diagnostics::new();
        list.push(
            Diagnostic::error("GW1001", "m")
                .at(location(1, 5001, 3, &text))
                .label("here"),
        );
        let shown = render(&list);
        assert!(shown.len() < 1000);
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[3].chars().position(|c| c == '^').unwrap();
        let marked: String = lines[2].chars().skip(caret).take(3).collect();
        assert_eq!(marked, "bad");
    }

    #[test]
    fn a_place_past_the_end_of_the_line_still_gets_a_caret() {
        let mut list = Diagnostics::new();
        list.push(
            Diagnostic::error("GW1001", "m")
                .at(location(1, 99, 9, "a"))
                .label("here"),
        );
        assert!(render(&list).contains(" │  ^ here") || render(&list).contains("^ here"));
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        let mut list = Diagnostics::new();
        list.push(Diagnostic::error("GW1001", "a\u{1b}[2Jb").at(location(1, 1, 1, "\u{1b}[2J")));
        assert!(!render(&list).contains('\u{1b}'));
    }
}
