//! The last answer of a connection, for clients that have nothing stored. No I/O.

use serde_json::value::RawValue;

use super::{
    super::memory::{member, text},
    call::{Create, join},
};

/// What the next `response.create` may continue.
#[derive(Debug, Default)]
pub(super) struct Thread {
    last: Option<Last>,
    limit: usize,
}

#[derive(Debug)]
struct Last {
    id: String,
    /// All items so far.
    items: String,
    /// Whether no provider has ever heard of it.
    ours: bool,
}

impl Thread {
    /// Remembers at most `limit` bytes; a longer conversation is forgotten.
    pub(super) const fn new(limit: usize) -> Self {
        Self { last: None, limit }
    }

    /// The items a call continues, if that is for the connection to know.
    pub(super) fn before(&self, create: &Create<'_>) -> Option<&str> {
        let last = self.last.as_ref()?;
        let same = create.previous.as_deref() == Some(&last.id);
        (same && (last.ours || !create.store)).then_some(&last.items)
    }

    /// What is to be remembered of a call until it is answered: its whole input.
    pub(super) fn asked(&self, create: &Create<'_>) -> Option<String> {
        match (self.before(create), &create.previous) {
            (Some(before), _) => Some(join(before, &create.input)),
            (None, None) => Some(create.input.clone()),
            // The beginning is with the provider.
            (None, Some(_)) => None,
        }
    }

    /// An answer has come to its end: `event` is the last of its events.
    pub(super) fn answered(&mut self, asked: Option<String>, event: &[u8]) {
        self.last = asked.and_then(|asked| {
            let response = member(event, "response")?.as_bytes();
            let id = text(member(response, "id")?)?;
            let output = resendable(member(response, "output")?);
            self.keep(id, join(&asked, &output), false)
        });
    }

    /// Input was taken in for the next call.
    pub(super) fn warmed(&mut self, asked: Option<String>, id: &str) {
        self.last = asked.and_then(|asked| self.keep(id.to_owned(), asked, true));
    }

    /// A call has failed: what was said before cannot be continued.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    fn keep(&self, id: String, items: String, ours: bool) -> Option<Last> {
        (items.len() <= self.limit).then_some(Last { id, items, ours })
    }
}

/// The items of an output without reasoning that only its provider could read, and has not kept.
fn resendable(array: &str) -> String {
    let array: Result<Vec<&RawValue>, _> = serde_json::from_str(array);
    let kept = array.unwrap_or_default().into_iter().map(RawValue::get);
    kept.filter(|item| !is_lost(item.as_bytes()))
        .collect::<Vec<_>>()
        .join(",")
}

fn is_lost(item: &[u8]) -> bool {
    let sealed = member(item, "encrypted_content").is_some_and(|value| value != "null");
    member(item, "type") == Some("\"reasoning\"") && !sealed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(text: &str) -> Create<'_> {
        Create::read(text.as_bytes()).unwrap()
    }

    const FIRST: &str = r#"{"type":"response.create","store":false,"input":"hi"}"#;
    const NEXT: &str =
        r#"{"type":"response.create","store":false,"input":[{"n":1}],"previous_response_id":"r1"}"#;
    const DONE: &[u8] = br#"{"type":"response.completed","response":{"id":"r1","output":[
        {"type":"reasoning","summary":[]},{"type":"reasoning","encrypted_content":"x"},{"o":1}]}}"#;
    const SAID: &str = r#"{"type":"message","role":"user","content":"hi"},{"type":"reasoning","encrypted_content":"x"},{"o":1}"#;

    fn talked(limit: usize) -> Thread {
        let mut thread = Thread::new(limit);
        let asked = thread.asked(&create(FIRST));
        thread.answered(asked, DONE);
        thread
    }

    #[test]
    fn what_nobody_stores_is_continued() {
        let thread = talked(1000);
        assert_eq!(thread.before(&create(NEXT)), Some(SAID));
        let asked = thread.asked(&create(NEXT));
        assert_eq!(asked, Some(format!("{SAID},{{\"n\":1}}")));
    }

    #[test]
    fn what_is_stored_or_another_is_left_to_the_provider() {
        let thread = talked(1000);
        for next in [NEXT.replace("false", "true"), NEXT.replace("r1", "r0")] {
            assert_eq!(thread.before(&create(&next)), None, "{next}");
            assert_eq!(thread.asked(&create(&next)), None, "{next}");
        }
    }

    #[test]
    fn what_is_too_long_or_failed_is_forgotten() {
        assert_eq!(talked(SAID.len() - 1).before(&create(NEXT)), None);
        assert!(talked(SAID.len()).before(&create(NEXT)).is_some());
        let mut thread = talked(1000);
        thread.forget();
        assert_eq!(thread.before(&create(NEXT)), None);
    }

    #[test]
    fn what_was_taken_in_is_continued_whoever_stores() {
        let mut thread = Thread::new(1000);
        let asked = thread.asked(&create(FIRST));
        thread.warmed(asked, "r1");
        let next = NEXT.replace("false", "true");
        assert!(thread.before(&create(&next)).is_some());
    }
}
