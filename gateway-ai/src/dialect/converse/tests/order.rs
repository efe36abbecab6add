use bytes::BytesMut;
use proptest::prelude::*;

use crate::{
    canonical::Event,
    dialect::{Dialect, converse::frame},
};

/// Messages whose sums are right and whose content is anything the parser knows, in any order.
fn framed() -> impl Strategy<Value = BytesMut> {
    let names = vec![
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
        "other",
    ];
    let payloads = vec![
        "{}",
        "",
        r#"{"contentBlockIndex":1,"delta":{"text":"a"}}"#,
        r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"a","signature":"s"}}}"#,
        r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"AA=="}}}"#,
        r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{"}}}"#,
        r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"n"}}}"#,
        r#"{"contentBlockIndex":3,"start":{"toolUse":{"type":"server_tool_use"}}}"#,
        r#"{"stopReason":"tool_use"}"#,
        r#"{"usage":{"inputTokens":1},"metrics":{}}"#,
        r#"{"message":"x"}"#,
    ];
    let kinds = prop::sample::select(vec!["event", "event", "event", "exception"]);
    let message = (
        kinds,
        prop::sample::select(names),
        prop::sample::select(payloads),
    );
    prop::collection::vec(message, 0..12).prop_map(|messages| {
        let mut out = BytesMut::new();
        for (kind, name, payload) in messages {
            frame::write(kind, name, &mut out, |out| {
                out.extend_from_slice(payload.as_bytes());
            });
        }
        out
    })
}

proptest! {
    #[test]
    fn any_order_of_messages_gives_a_stream_of_good_order(
        bytes in framed(),
        cuts in prop::collection::vec(1_usize..60, 1..20),
    ) {
        let read = |parts: &[&[u8]]| {
            let mut parser = Dialect::Converse.stream_parser();
            let mut events = Vec::new();
            parts.iter().for_each(|part| parser.push(part, &mut events));
            parser.finish(&mut events);
            events
        };
        let whole = read(&[&bytes]);
        let (mut parts, mut rest) = (Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            parts.push(head);
            rest = tail;
        }
        prop_assert_eq!(&read(&parts), &whole);
        let ends = whole.iter().filter(|event| event.is_terminal()).count();
        prop_assert_eq!(ends, 1);
        prop_assert!(whole.last().is_some_and(Event::is_terminal));
        let mut open = Vec::new();
        for event in &whole {
            match event {
                Event::BlockStart { index, .. } => open.push(*index),
                Event::Delta { index, .. } => prop_assert!(open.contains(index)),
                Event::BlockStop { index, .. } => {
                    prop_assert!(open.contains(index));
                    open.retain(|have| have != index);
                }
                Event::Stop { .. } => prop_assert!(open.is_empty()),
                _ => {}
            }
        }
    }
}
