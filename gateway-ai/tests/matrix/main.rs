//! Every dialect against every other, feature by feature: what crosses, and by which name the rest
//! is lost.
//!
//! Features are data in the words of each dialect. A client's words go through the codecs to a
//! provider's; what the second reading lacks of the first must be among the reported losses. The
//! outcome is `CAPABILITIES.md`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is what a test is for"
)]

mod checklist;
mod errors;
mod excuse;
mod facts;
mod printed;
mod replies;
mod requests;
mod table;
mod unknown;
mod vendors;
mod vendors_chat;
mod vendors_other;
mod words;
mod words_error;
mod words_stream;

use gateway_ai::dialect::{Dialect, Target, Url};

const DIALECTS: [Dialect; 5] = [
    Dialect::Chat,
    Dialect::Responses,
    Dialect::Messages,
    Dialect::Gemini,
    Dialect::Converse,
];

const URL: Url<'static> = Url {
    model: Some("m"),
    stream: None,
};

/// A model of today for each dialect.
fn target(from: Dialect, to: Dialect) -> Target {
    let model = match to {
        Dialect::Messages => "claude-sonnet-4-5",
        Dialect::Gemini => "gemini-2.5-flash",
        Dialect::Converse => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        _ => "gpt-4.1",
    };
    if from == to {
        return Target::verbatim(to, model);
    }
    Target::new(to, model)
}

#[test]
fn the_page_says_what_happens() {
    let (requests, _) = requests::grids();
    let (replies, _) = replies::grids();
    let (errors, _) = errors::grids();
    let page = table::page(&requests, &replies, &errors);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CAPABILITIES.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == page,
        "CAPABILITIES.md is not what the codecs do: run with UPDATE=1"
    );
}
