use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

use super::*;

const DIALECTS: [Dialect; 5] = Dialect::ALL;

const URL: Url<'static> = Url {
    model: Some("m"),
    stream: None,
};

/// JSON of any shape made of the words the parsers know.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS.split(' ').collect::<Vec<_>>()).prop_map(str::to_owned)
}

/// What the parsers know, and the empty word at the end.
const WORDS: &str = "model messages role user assistant system tool content type text tool_calls function name \
    arguments id index choices delta message finish_reason stop usage prompt_tokens error \
    thinking signature tool_use tool_result tool_use_id input source image image_url url \
    data:image/png;base64,AA reasoning_details content_block content_block_start \
    content_block_delta message_start message_delta message_stop text_delta partial_json \
    input_json_delta max_tokens tools tool_choice contents parts functionCall functionResponse \
    response args candidates finishReason STOP thought thoughtSignature inlineData mimeType \
    data generationConfig systemInstruction usageMetadata custom refusal file document \
    citations cache_control reasoning_content output output_index content_index summary_index \
    item item_id part response status completed call_id function_call function_call_output \
    custom_tool_call reasoning summary summary_text encrypted_content output_text input_text \
    annotations logprobs instructions response.created response.output_item.added \
    response.output_item.done response.content_part.added response.output_text.delta \
    response.function_call_arguments.delta response.completed response.failed toolUse toolUseId \
    toolResult reasoningContent reasoningText redactedContent inferenceConfig toolConfig toolSpec \
    inputSchema json cachePoint citationsContent bytes format additionalModelRequestFields ttl ";

fn drive(body: &[u8]) {
    for from in DIALECTS {
        if let Ok(request) = from.parse_request(body, URL) {
            for to in DIALECTS {
                let mut out = BytesMut::new();
                let target = Target::new(to, "claude-haiku-4-5");
                match to.print_request(&request, &target, &mut out) {
                    Ok(_) => assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{out:?}"),
                    Err(_) => assert!(out.is_empty()),
                }
            }
        }
        if let Ok(reply) = from.parse_reply(body) {
            for to in DIALECTS {
                let mut out = BytesMut::new();
                to.print_reply(&reply, &ReplyContext::default(), &mut out);
                assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{out:?}");
            }
        }
        let _ = from.parse_error(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drive(&bytes);
        for dialect in DIALECTS {
            let mut parser = dialect.stream_parser();
            let mut out = Vec::new();
            parser.push(&bytes, &mut out);
            parser.finish(&mut out);
            prop_assert!(out.last().is_some_and(Event::is_terminal));
        }
    }

    #[test]
    fn arbitrary_shapes_never_panic_and_print_json(value in json_value()) {
        drive(value.to_string().as_bytes());
    }

    #[test]
    fn arbitrary_events_never_panic_and_cuts_do_not_matter(
        values in prop::collection::vec(json_value(), 0..8),
        cuts in prop::collection::vec(1_usize..40, 1..30),
    ) {
        let text: String = values.iter().map(|value| format!("data: {value}\n\n")).collect();
        for from in DIALECTS {
            let whole = events(from, &text);
            let mut parser = from.stream_parser();
            let (mut out, mut rest) = (Vec::new(), text.as_bytes());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                parser.push(head, &mut out);
                rest = tail;
            }
            parser.finish(&mut out);
            prop_assert_eq!(&out, &whole);
            for to in DIALECTS {
                // Not every dialect's stream is text.
                let mut printer = to.stream_printer(ReplyContext::default());
                let mut printed = BytesMut::new();
                whole.iter().for_each(|event| printer.push(event, &mut printed));
                let mut parser = to.stream_parser();
                let mut again = Vec::new();
                parser.push(&printed, &mut again);
                parser.finish(&mut again);
                prop_assert!(again.last().is_some_and(Event::is_terminal));
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [
        deep.clone(),
        format!(r#"{{"model":"m","messages":[],"metadata":{deep}}}"#),
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":{deep}}}]}}"#),
        format!(
            r#"{{"model":"m","messages":[],"tools":[{{"type":"function","function":{{"parameters":{deep}}}}}]}}"#
        ),
    ] {
        drive(body.as_bytes());
        let streamed = format!("data: {body}\n\n");
        for dialect in DIALECTS {
            let events = events(dialect, &streamed);
            assert!(events.last().is_some_and(Event::is_terminal));
        }
    }
}
