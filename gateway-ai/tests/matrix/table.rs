//! The table as Markdown.

use std::fmt::Write as _;

use gateway_ai::{dialect::Dialect, loss::Losses};

use super::DIALECTS;

/// One feature: rows are clients, columns are providers.
#[derive(Debug)]
pub(crate) struct Grid {
    title: String,
    note: String,
    rows: [(Dialect, [String; 5]); 5],
}

impl Grid {
    /// The outcome for each client (first) and provider (second).
    pub(crate) fn new(
        title: &str,
        note: &str,
        mut cell: impl FnMut(Dialect, Dialect) -> String,
    ) -> Self {
        let mut row = |client| (client, DIALECTS.map(|provider| cell(client, provider)));
        let rows = DIALECTS.map(&mut row);
        let blank = |(_, cells): &(_, [String; 5])| cells.iter().any(String::is_empty);
        assert!(!rows.iter().any(blank), "{title}");
        Self {
            title: title.to_owned(),
            note: note.to_owned(),
            rows,
        }
    }

    fn write(&self, out: &mut String) {
        writeln!(out, "\n### {}\n", capital(&self.title)).unwrap();
        writeln!(
            out,
            "| client ↓ provider → | {} |",
            DIALECTS.map(title).join(" | ")
        )
        .unwrap();
        writeln!(out, "|---|---|---|---|---|---|").unwrap();
        for (from, cells) in &self.rows {
            writeln!(out, "| **{}** | {} |", title(*from), cells.join(" | ")).unwrap();
        }
        let gap = self
            .rows
            .iter()
            .any(|(_, cells)| cells.iter().any(|cell| cell == "–"));
        if gap {
            writeln!(out, "\n– : {}.", self.note).unwrap();
        }
    }
}

/// How a cell says what was lost.
pub(crate) fn cell(losses: &Losses) -> String {
    if losses.is_empty() {
        return "✓".to_owned();
    }
    let names: Vec<String> = losses.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

pub(crate) fn title(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Chat => "Chat Completions",
        Dialect::Responses => "Responses",
        Dialect::Messages => "Messages",
        Dialect::Gemini => "Gemini",
        Dialect::Converse => "Converse",
        _ => "?",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// The whole page.
pub(crate) fn page(requests: &[Grid], replies: &[Grid], errors: &[Grid]) -> String {
    let mut out = String::from(HEAD);
    for (title, grids) in [
        ("Requests", requests),
        ("Replies", replies),
        ("Errors", errors),
    ] {
        writeln!(out, "\n## {title}").unwrap();
        grids.iter().for_each(|grid| grid.write(&mut out));
    }
    out
}

const HEAD: &str = "\
# What crosses between dialects

A client of any dialect may be answered by a provider of any other. This page says what comes
through, feature by feature: rows are what the client speaks, columns what the provider speaks.

- **✓** – all of it;
- a **name** – that part is lost or changed and said so, in `x-gateway-lossy` or, in strict mode,
  as a 400 that names it;
- **400** – it has no meaning there; the answer names the field;
- **–** – there is nothing to cross; the line below the table says why.

Requests are printed for Claude Sonnet 4.5, Gemini 2.5 Flash and a GPT that takes sampling options
and an effort; what a model cannot do is lost by name as well. Within a dialect the bytes pass as
they are; the diagonal is what the codecs make of them where a body must be edited.

The page is written by `UPDATE=1 cargo test -p gateway-ai --test matrix`, which fails where the page
and the codecs disagree, and where anything is lost without a name.
";
