use crate::canonical::{Block, Extra, Message, Role, Thinking};

/// Makes one thought again of the parts it was streamed in, where another provider signed it.
///
/// A client that keeps what it was streamed sends back a part for each piece of text, and may send a
/// content for each. The signature stands in the last one and covers all of them: its signer refuses
/// it beside anything less. What Google signed stays as it came, since it covers no text.
pub(super) fn join(messages: &mut Vec<Message>) {
    let (mut text, mut extra) = (String::new(), Extra::new());
    let (mut open, mut joined) = (Vec::new(), Vec::new());
    for (turn, message) in messages.iter_mut().enumerate() {
        let is_model = message.role == Role::Assistant;
        for (number, block) in message.content.iter_mut().enumerate() {
            match block {
                Block::Thinking(piece) if is_model && piece.signature.is_none() => {
                    text.push_str(&piece.text);
                    extra.merge(piece.extra.clone());
                    open.push((turn, number));
                    continue;
                }
                Block::Thinking(last) if is_model && is_anothers(last) => {
                    last.text.insert_str(0, &text);
                    last.extra.merge(std::mem::take(&mut extra));
                    joined.append(&mut open);
                }
                _ => {}
            }
            text.clear();
            extra = Extra::new();
            open.clear();
        }
    }
    if !joined.is_empty() {
        remove(messages, &joined);
    }
}

/// Whether another provider than Google made a thought.
pub(super) fn is_anothers(thinking: &Thinking) -> bool {
    let format = thinking.format.as_deref();
    format.is_some_and(|format| !format.starts_with("google"))
}

/// Removes blocks, which are given in their order, and the messages that had no other.
fn remove(messages: &mut Vec<Message>, blocks: &[(usize, usize)]) {
    let mut blocks = blocks.iter().peekable();
    let mut turn = 0;
    messages.retain_mut(|message| {
        let was_empty = message.content.is_empty();
        let mut number = 0;
        message.content.retain(|_| {
            let is_kept = blocks.next_if_eq(&&(turn, number)).is_none();
            number += 1;
            is_kept
        });
        turn += 1;
        was_empty || !message.content.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thought(text: &str, signed: Option<&str>) -> Block {
        let format = signed.map_or("google-gemini-v1", |format| format);
        Block::Thinking(Thinking {
            text: text.to_owned(),
            signature: signed.map(|_| "c2ln".to_owned()),
            format: Some(format.into()),
            ..Thinking::default()
        })
    }

    fn said(content: Vec<Block>) -> Message {
        Message::new(Role::Assistant, content)
    }

    const ANOTHER: Option<&str> = Some("anthropic-claude-v1");

    #[test]
    fn pieces_become_the_thought_that_was_signed() {
        let mut messages = vec![
            Message::new(Role::User, vec![Block::text("hi")]),
            said(vec![thought("one ", None), thought("two ", None)]),
            said(vec![thought("three", None)]),
            said(vec![thought("", ANOTHER), Block::text("so")]),
            said(vec![thought("four", ANOTHER)]),
        ];
        join(&mut messages);
        let expected = [
            Message::new(Role::User, vec![Block::text("hi")]),
            said(vec![thought("one two three", ANOTHER), Block::text("so")]),
            said(vec![thought("four", ANOTHER)]),
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn other_thoughts_stay_as_they_came() {
        for kept in [
            vec![thought("a", None), thought("b", Some("google-gemini-v1"))],
            vec![thought("a", None), Block::text("b"), thought("c", ANOTHER)],
            vec![thought("a", None), thought("b", None)],
        ] {
            let mut messages = vec![said(vec![]), said(kept)];
            let before = messages.clone();
            join(&mut messages);
            assert_eq!(messages, before);
        }
        let user = Message::new(Role::User, vec![thought("a", None), thought("b", ANOTHER)]);
        let mut messages = vec![user.clone()];
        join(&mut messages);
        assert_eq!(messages, [user]);
    }
}
