use bytes::BytesMut;
use gateway_ai::{
    canonical::{Event, Fold, Reply},
    dialect::{Dialect, ReplyContext},
};

use super::{
    load::{DIALECTS, Exchange},
    replies::refused_is_text,
    truth,
};

/// What was answered in a stream.
pub(crate) fn recorded(dialect: Dialect) -> Option<Vec<&'static Exchange>> {
    let found = super::recorded(dialect)?;
    Some(
        found
            .filter(|exchange| exchange.response.streaming)
            .collect(),
    )
}

fn events(dialect: Dialect, chunks: &[&[u8]]) -> Vec<Event> {
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    chunks.iter().for_each(|chunk| parser.push(chunk, &mut out));
    parser.finish(&mut out);
    assert!(parser.is_done());
    out
}

fn fold(dialect: Dialect, events: &[Event]) -> Result<Reply, gateway_ai::error::AiError> {
    let mut fold = Fold::new(dialect, usize::MAX);
    events.iter().for_each(|event| fold.push(event.clone()));
    fold.finish()
}

/// Numbers that are the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

#[test]
fn however_a_stream_is_cut_its_events_are_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for dialect in DIALECTS {
        let Some(found) = recorded(dialect) else {
            return;
        };
        for exchange in &found {
            let body = exchange.response_body();
            let whole = events(dialect, &[&body]);
            for _ in 0..3 {
                let (mut chunks, mut rest) = (Vec::new(), body.as_slice());
                while !rest.is_empty() {
                    let most = rest.len().min(400);
                    let (head, tail) = rest.split_at(random.below(most) + 1);
                    chunks.push(head);
                    rest = tail;
                }
                assert_eq!(events(dialect, &chunks), whole, "{}", exchange.name());
            }
        }
        eprintln!("{dialect}: {} recorded streams re-cut", found.len());
    }
}

#[test]
fn folding_a_stream_says_what_was_said() {
    for dialect in DIALECTS {
        let Some(found) = recorded(dialect) else {
            return;
        };
        let (mut count, mut failed) = (0, 0);
        for exchange in &found {
            let body = exchange.response_body();
            let whole = events(dialect, &[&body]);
            well_formed(&whole, &exchange.name());
            let Some(mut expected) = truth::of(dialect, &body, true) else {
                assert!(
                    matches!(whole.last(), Some(Event::Error(_))),
                    "{}",
                    exchange.name()
                );
                failed += 1;
                continue;
            };
            let reply = fold(dialect, &whole)
                .unwrap_or_else(|error| panic!("{}: {error}", exchange.name()));
            let got = truth::of_reply(&reply);
            if !expected.calls.is_empty() && expected.finish == Some("stop") {
                expected.finish = Some("tool_calls");
            }
            expected.finish = expected.finish.or(got.finish);
            assert_eq!(got, expected, "{}", exchange.name());
            count += 1;
        }
        eprintln!("{dialect}: {count} streams folded, {failed} ended in their own error");
    }
}

/// The order every parser promises.
fn well_formed(events: &[Event], name: &str) {
    let mut open: Vec<(u32, u32)> = Vec::new();
    let mut seen: Vec<(u32, u32)> = Vec::new();
    let mut stopped: Vec<u32> = Vec::new();
    for (position, event) in events.iter().enumerate() {
        match event {
            Event::BlockStart { choice, index, .. } => {
                assert!(!stopped.contains(choice), "{name}: a block after the stop");
                let number = seen.iter().filter(|(c, _)| c == choice).count();
                assert_eq!(usize::try_from(*index).unwrap(), number, "{name}: a gap");
                open.push((*choice, *index));
                seen.push((*choice, *index));
            }
            Event::Delta {
                choice,
                index,
                delta,
            } => {
                assert!(
                    open.contains(&(*choice, *index)),
                    "{name}: {delta:?} outside its block"
                );
            }
            Event::BlockStop { choice, index } => {
                let at = open.iter().position(|block| block == &(*choice, *index));
                open.remove(at.unwrap_or_else(|| panic!("{name}: closed twice")));
            }
            Event::Stop { choice, .. } => {
                assert!(
                    !open.iter().any(|(c, _)| c == choice),
                    "{name}: stop with open blocks"
                );
                stopped.push(*choice);
            }
            Event::Start(_) => assert!(seen.is_empty(), "{name}: a late start"),
            event if event.is_terminal() => {
                assert_eq!(position, events.len() - 1, "{name}: events after the end");
            }
            _ => {}
        }
    }
    assert!(
        events.last().is_some_and(Event::is_terminal),
        "{name}: no end"
    );
}

#[test]
fn every_stream_comes_through_every_dialect() {
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for to in DIALECTS {
            for exchange in &found {
                let before = events(from, &[&exchange.response_body()]);
                let Ok(reply) = fold(from, &before) else {
                    continue;
                };
                let mut context = ReplyContext::default().with_identity("id_1", 1);
                context.include_usage = true;
                let mut printer = to.stream_printer(context);
                let mut out = BytesMut::new();
                before
                    .iter()
                    .for_each(|event| printer.push(event, &mut out));
                let after = events(to, &[&out]);
                well_formed(&after, &exchange.name());
                let again = fold(to, &after)
                    .unwrap_or_else(|error| panic!("{from}→{to} {}: {error}", exchange.name()));
                let (mut before, mut after) = (truth::of_reply(&reply), truth::of_reply(&again));
                if printer.losses().contains("tool_call.arguments") {
                    after.calls.clone_from(&before.calls);
                }
                if printer
                    .losses()
                    .iter()
                    .any(|loss| loss.contains("thinking"))
                {
                    (before.thinking, after.thinking) = (false, false);
                }
                refused_is_text(&reply, to, &mut before);
                before.finish = before.finish.or(after.finish);
                before.input = before.input.or(after.input);
                before.output = before.output.or(after.output);
                assert_eq!(after, before, "{from}→{to} {}", exchange.name());
            }
        }
    }
}

#[test]
fn a_cut_stream_ends_in_an_error_and_in_nothing_else() {
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for exchange in found.iter().take(40) {
            let body = exchange.response_body();
            let complete = events(from, &[&body]);
            if !matches!(complete.last(), Some(Event::End)) {
                continue;
            }
            for part in 1..8 {
                let cut = body.len() * part / 8;
                let before = events(from, &[&body[..cut]]);
                if before.last() == complete.last() {
                    continue;
                }
                assert!(
                    matches!(before.last(), Some(Event::Error(_))),
                    "{}",
                    exchange.name()
                );
                for to in DIALECTS {
                    let mut printer = to.stream_printer(ReplyContext::default());
                    let mut out = BytesMut::new();
                    before
                        .iter()
                        .for_each(|event| printer.push(event, &mut out));
                    let length = out.len();
                    printer.push(&Event::End, &mut out);
                    assert_eq!(
                        out.len(),
                        length,
                        "{}: bytes after the error",
                        exchange.name()
                    );
                    let text = String::from_utf8_lossy(&out);
                    let said = match to {
                        Dialect::Converse => "Exception",
                        _ => "\"error\"",
                    };
                    assert!(text.contains(said), "{}", exchange.name());
                    assert!(!text.contains("[DONE]"), "{}", exchange.name());
                    assert!(!text.contains("message_stop"), "{}", exchange.name());
                    assert!(matches!(events(to, &[&out]).last(), Some(Event::Error(_))));
                }
            }
        }
    }
}
