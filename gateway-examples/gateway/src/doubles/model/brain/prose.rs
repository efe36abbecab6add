//! Text.

use super::seed::Seed;
use super::tokens::pieces;

/// The answer to a user's text.
pub(super) fn reply(user: &str, seed: &mut Seed) -> String {
    if let Some(at) = find_ignoring_case(user, "say:") {
        return user[at + "say:".len()..].trim().to_owned();
    }
    if let Some(words) = wanted_words(user) {
        return ramble(words, seed);
    }
    let mut text = format!("You said \"{}\".", quoted(user, QUOTED));
    for _ in 0..2 + seed.below(3) {
        text.push(' ');
        text.push_str(&sentence(seed));
    }
    text
}

/// The answer once tools have given their results.
pub(super) fn about_results(results: &[&str], seed: &mut Seed) -> String {
    let quoted: Vec<String> = results
        .iter()
        .map(|result| format!("\"{result}\""))
        .collect();
    format!(
        "The tool answered {}. {}",
        quoted.join(" and "),
        sentence(seed)
    )
}

/// What the model thinks before it answers.
pub(super) fn thought(user: &str, seed: &mut Seed) -> String {
    format!(
        "The user wants: {}. {}",
        quoted(user, QUOTED / 2),
        sentence(seed)
    )
}

/// The first tokens of a text, with white space made even.
fn quoted(text: &str, tokens: usize) -> String {
    let head: String = pieces(text).into_iter().take(tokens).collect();
    head.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn sentence(seed: &mut Seed) -> String {
    let subject = seed.choose(&SUBJECTS);
    let verb = seed.choose(&VERBS);
    let object = seed.choose(&OBJECTS);
    let manner = seed.choose(&MANNERS);
    format!("{subject} {verb} {object} {manner}.")
}

/// Exactly so many words.
fn ramble(words: u64, seed: &mut Seed) -> String {
    let mut text = String::new();
    for at in 0..words {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(seed.choose(&WORDS));
    }
    text
}

/// The `N` of "N words", when the text has one.
fn wanted_words(text: &str) -> Option<u64> {
    let mut before = "";
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.eq_ignore_ascii_case("words") {
            return before.parse().ok().map(|n: u64| n.clamp(1, MOST_WORDS));
        }
        before = bare;
    }
    None
}

/// Where `needle`, which is ASCII, begins in `text`.
pub(super) fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(needle)
}

const QUOTED: usize = 12;
const MOST_WORDS: u64 = 100_000;

const SUBJECTS: [&str; 8] = [
    "A careful gateway",
    "The quiet router",
    "Every honest counter",
    "This small model",
    "A patient client",
    "The second replica",
    "An old cache",
    "One good test",
];
const VERBS: [&str; 8] = [
    "forwards",
    "measures",
    "remembers",
    "explains",
    "protects",
    "answers",
    "follows",
    "improves",
];
const OBJECTS: [&str; 8] = [
    "each request",
    "the whole stream",
    "a fair share",
    "what was promised",
    "the last byte",
    "every token",
    "its neighbours",
    "the simple path",
];
const MANNERS: [&str; 8] = [
    "without haste",
    "in good order",
    "under load",
    "from end to end",
    "before anyone asks",
    "with a clear reason",
    "at a steady pace",
    "and nothing is lost",
];
const WORDS: [&str; 16] = [
    "river", "stone", "lantern", "meadow", "signal", "harbour", "copper", "window", "orchard",
    "thread", "winter", "compass", "valley", "ember", "letter", "bridge",
];
