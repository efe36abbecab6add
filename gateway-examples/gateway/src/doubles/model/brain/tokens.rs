//! The tokenizer.

/// Counts tokens as the mock model does.
///
/// A token is a run of letters and digits, or any other character that is not white space. White
/// space costs nothing, so that re-indented JSON and re-joined messages count the same.
///
/// ```
/// use gateway::doubles::model::count_tokens;
///
/// assert_eq!(count_tokens("Hello, world!"), 4);
/// assert_eq!(count_tokens(r#"{"city": "Paris"}"#), 9);
/// assert_eq!(count_tokens(" \n"), 0);
/// ```
#[must_use]
pub fn count_tokens(text: &str) -> u64 {
    let mut in_word = false;
    let mut count = 0;
    for c in text.chars() {
        let word = c.is_alphanumeric();
        if (word && !in_word) || !(word || c.is_whitespace()) {
            count += 1;
        }
        in_word = word;
    }
    count
}

/// Cuts a text into pieces of one token each, with the white space before it.
///
/// The pieces joined give the text, and their counts add up to the text's.
pub(in crate::doubles::model) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut state = State::Blank;
    for (at, c) in text.char_indices() {
        let next = State::of(c);
        let ends = match state {
            State::Blank => false,
            State::Word => next != State::Word,
            State::Mark => true,
        };
        if ends {
            pieces.push(&text[start..at]);
            start = at;
        }
        state = next;
    }
    if state == State::Blank && !pieces.is_empty() {
        // White space at the end belongs to the last token.
        let last = pieces.pop().map_or(0, str::len);
        start -= last;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Blank,
    Word,
    Mark,
}

impl State {
    fn of(c: char) -> Self {
        match c {
            c if c.is_alphanumeric() => Self::Word,
            c if c.is_whitespace() => Self::Blank,
            _ => Self::Mark,
        }
    }
}
