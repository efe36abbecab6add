use bytes::BytesMut;
use gateway_ai::{
    canonical::{Block, Fold, Raw, Reply, unfold},
    dialect::{Dialect, ReplyContext},
};
use serde_json::Value;

use super::{
    load::{DIALECTS, Exchange},
    truth::{self, Truth},
};

fn recorded(dialect: Dialect) -> Option<Vec<&'static Exchange>> {
    let mut found: Vec<_> = super::recorded(dialect)?.collect();
    found.retain(|exchange| !exchange.response.streaming);
    // Recordings of other surfaces under the same path (threads) and errors with status 200.
    found.retain(|exchange| {
        let body: Value = serde_json::from_slice(&exchange.response_body()).unwrap_or_default();
        truth::of(dialect, &exchange.response_body(), false).is_some()
            && body.get("error").is_none_or(Value::is_null)
    });
    Some(found)
}

#[test]
fn every_reply_is_read_as_it_is() {
    for dialect in DIALECTS {
        let Some(found) = recorded(dialect) else {
            return;
        };
        for exchange in &found {
            let body = exchange.response_body();
            let reply = dialect
                .parse_reply(&body)
                .unwrap_or_else(|error| panic!("{}: {error}", exchange.name()));
            let mut expected = truth::of(dialect, &body, false).unwrap();
            let got = truth::of_reply(&reply);
            // `stop` beside tool calls means that they are to be made.
            if !expected.calls.is_empty() && expected.finish == Some("stop") {
                expected.finish = Some("tool_calls");
            }
            assert_eq!(got, expected, "{}", exchange.name());
        }
        eprintln!("{dialect}: {} recorded replies read", found.len());
    }
}

#[test]
fn every_reply_comes_through_every_dialect() {
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for to in DIALECTS {
            for exchange in &found {
                let reply = from.parse_reply(&exchange.response_body()).unwrap();
                let mut out = BytesMut::new();
                let context = ReplyContext::default().with_identity("id_1", 1);
                let losses = to.print_reply(&reply, &context, &mut out);
                let again = to.parse_reply(&out).unwrap_or_else(|error| {
                    panic!("{from}→{to} {}: {error}: {out:?}", exchange.name())
                });
                let (mut before, mut after) = (truth::of_reply(&reply), truth::of_reply(&again));
                if losses.contains("thinking") || losses.contains("redacted_thinking") {
                    (before.thinking, after.thinking) = (false, false);
                }
                let free_text =
                    |block: &Block| matches!(block, Block::ToolCall(call) if call.custom);
                let wrapped = reply
                    .choices
                    .iter()
                    .flat_map(|choice| &choice.content)
                    .any(free_text);
                if wrapped || losses.contains("tool_call.arguments") {
                    after.calls.clone_from(&before.calls);
                }
                refused_is_text(&reply, to, &mut before);
                before.finish = before.finish.or(after.finish);
                before.input = before.input.or(after.input);
                before.output = before.output.or(after.output);
                assert_eq!(
                    after,
                    before,
                    "{from}→{to} {} lost {losses}",
                    exchange.name()
                );
            }
        }
    }
}

/// Elsewhere a refusal is text, with a reason that says what it was.
pub(crate) fn refused_is_text(reply: &Reply, to: Dialect, truth: &mut Truth) {
    for block in reply
        .choices
        .iter()
        .take(1)
        .flat_map(|choice| &choice.content)
    {
        if let (Block::Refusal(refusal), false) =
            (block, matches!(to, Dialect::Chat | Dialect::Responses))
        {
            truth.text.push_str(&refusal.text);
            if truth.finish == Some("stop") {
                truth.finish = Some("content_filter");
            }
        }
    }
}

#[test]
fn unfolding_and_folding_gives_the_reply_back() {
    for dialect in DIALECTS {
        let Some(found) = recorded(dialect) else {
            return;
        };
        for exchange in &found {
            let reply = dialect.parse_reply(&exchange.response_body()).unwrap();
            let mut fold = Fold::new(dialect, usize::MAX);
            unfold(reply.clone())
                .into_iter()
                .for_each(|event| fold.push(event));
            let (mut folded, mut reply) = (fold.finish().unwrap(), reply);
            respell(&mut folded);
            respell(&mut reply);
            assert_eq!(folded, reply, "{}", exchange.name());
        }
    }
}

/// Citations are a list of events in between: their spacing is not kept.
fn respell(reply: &mut Reply) {
    for block in reply
        .choices
        .iter_mut()
        .flat_map(|choice| &mut choice.content)
    {
        if let Block::Text(text) = block
            && let Some(citations) = &mut text.citations
        {
            *citations = Raw::from_value(&citations.read().unwrap());
        }
    }
}
