use serde_json::Value;
use serde_json::json;

use super::session::Next;
use super::session::Session;

fn say(session: &mut Session, event: &Value) -> Vec<Value> {
    match session.hear(event.to_string().as_bytes()) {
        Next::Say(events) => events,
        Next::Answer(asked) => {
            let said = asked.answer(session).into_iter();
            said.map(|(event, _)| event).collect()
        }
    }
}

fn tell(session: &mut Session, text: &str) {
    let content = json!([{ "type": "input_text", "text": text }]);
    let item = json!({ "type": "message", "role": "user", "content": content });
    let events = say(
        session,
        &json!({ "type": "conversation.item.create", "item": item }),
    );
    assert_eq!(events[1]["type"], "conversation.item.done");
}

#[test]
fn an_answer_is_written_or_spoken_and_counted() {
    for (kind, delta, key) in [
        ("text", "response.output_text.delta", "text_tokens"),
        (
            "audio",
            "response.output_audio_transcript.delta",
            "audio_tokens",
        ),
    ] {
        let mut session = Session::new("m");
        let update =
            json!({ "type": "session.update", "session": { "output_modalities": [kind] } });
        assert_eq!(say(&mut session, &update)[0]["type"], "session.updated");
        tell(&mut session, "say: good day");
        let events = say(&mut session, &json!({ "type": "response.create" }));
        let deltas = events.iter().filter(|event| event["type"] == delta);
        let text: String = deltas.filter_map(|event| event["delta"].as_str()).collect();
        assert_eq!(text, "good day");
        let done = &events[events.len() - 1];
        assert_eq!(done["type"], "response.done");
        let usage = &done["response"]["usage"];
        assert_eq!(
            (&usage["input_tokens"], &usage["output_tokens"]),
            (&json!(4), &json!(2))
        );
        assert_eq!(usage["output_token_details"][key], 2);
    }
}

#[test]
fn sound_is_heard_when_it_is_committed() {
    let mut session = Session::new("m");
    let sound = "A".repeat(6400);
    say(
        &mut session,
        &json!({ "type": "input_audio_buffer.append", "audio": sound }),
    );
    let events = say(
        &mut session,
        &json!({ "type": "input_audio_buffer.commit" }),
    );
    assert_eq!(events[0]["type"], "input_audio_buffer.committed");
    let events = say(&mut session, &json!({ "type": "response.create" }));
    let usage = &events[events.len() - 1]["response"]["usage"];
    assert_eq!(usage["input_token_details"]["audio_tokens"], 1);
}

#[test]
fn mistakes_are_events() {
    let mut session = Session::new("m");
    for event in [
        json!({ "type": "nothing" }),
        json!({ "type": "session.update", "session": { "model": "other" } }),
        json!({ "type": "conversation.item.create", "item": {} }),
        json!({ "type": "input_audio_buffer.commit" }),
    ] {
        let events = say(&mut session, &event);
        assert_eq!(
            (events.len(), &events[0]["type"]),
            (1, &json!("error")),
            "{event}"
        );
    }
}
