use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;

fn ask(text: &str) -> Ask {
    let parts = vec![Part::Text(text.to_owned())];
    Ask {
        turns: vec![Turn {
            role: Role::User,
            parts,
        }],
        parallel: true,
        ..Ask::default()
    }
}

fn tool(name: &str, schema: Value) -> Tool {
    Tool {
        name: name.to_owned(),
        schema,
    }
}

fn weather() -> Tool {
    let city = json!({ "type": "string" });
    let schema = json!({ "type": "object", "properties": { "city": city }, "required": ["city"] });
    tool("get_weather", schema)
}

fn text(answer: &Answer) -> String {
    let texts = answer.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn calls(ask: &Ask) -> Vec<(String, String)> {
    let blocks = answer(ask, 0).blocks.into_iter();
    blocks
        .filter_map(|block| match block {
            Block::Call { name, arguments } => Some((name, arguments)),
            _ => None,
        })
        .collect()
}

#[test]
fn the_same_conversation_has_the_same_answer() {
    let one = answer(&ask("hello there"), 0);
    assert_eq!(one.blocks, answer(&ask("hello  there"), 0).blocks);
    assert_ne!(one.seed, answer(&ask("hello you"), 0).seed);
    assert_ne!(one.blocks, answer(&ask("hello there"), 1).blocks);
    assert_eq!(one.prompt_tokens, 2);
    assert_eq!(one.completion_tokens, count_tokens(&text(&one)));
}

#[test]
fn directives_in_the_text_are_followed() {
    assert_eq!(text(&answer(&ask("Please say: one two"), 0)), "one two");
    assert_eq!(answer(&ask("Write 250 words."), 0).completion_tokens, 250);
}

#[test]
fn the_limit_cuts_to_the_token() {
    let mut long = ask("write 20 words");
    long.max_tokens = Some(7);
    let cut = answer(&long, 0);
    assert_eq!((cut.completion_tokens, cut.finish), (7, Finish::Length));
    long.max_tokens = Some(20);
    assert_eq!(answer(&long, 0).finish, Finish::End);
}

#[test]
fn a_cut_call_is_incomplete_json() {
    let mut forced = ask("weather in Paris");
    forced.tools = vec![weather()];
    forced.max_tokens = Some(6);
    let cut = answer(&forced, 0);
    assert_eq!(cut.finish, Finish::Length);
    assert_eq!(
        calls(&forced),
        [("get_weather".to_owned(), "{\"city".to_owned())]
    );
}

#[test]
fn a_stop_sequence_ends_the_text_before_it() {
    let mut stopped = ask("say: alpha beta gamma");
    stopped.stops = vec!["gamma".to_owned(), "beta".to_owned()];
    let cut = answer(&stopped, 0);
    assert_eq!(
        (text(&cut).as_str(), cut.finish),
        ("alpha ", Finish::Stop("beta".to_owned()))
    );
}

#[test]
fn tools_are_called_when_asked_for() {
    let mut asked = ask("What is the weather in Paris and in London?");
    asked.tools = vec![
        weather(),
        tool("now", json!({ "type": "object", "properties": {} })),
    ];
    let city = |name: &str| ("get_weather".to_owned(), format!("{{\"city\":\"{name}\"}}"));
    assert_eq!(calls(&asked), [city("Paris"), city("London")]);
    asked.parallel = false;
    assert_eq!(calls(&asked), [city("Paris")]);
    asked.parallel = true;
    asked.choice = Choice::Named("now".to_owned());
    assert_eq!(calls(&asked)[0], ("now".to_owned(), "{}".to_owned()));
    asked.choice = Choice::Never;
    assert_eq!(calls(&asked), []);
}

#[test]
fn tools_are_left_alone_when_not_asked_for() {
    let mut idle = ask("hello");
    idle.tools = vec![weather()];
    assert_eq!(calls(&idle), []);
    idle.choice = Choice::Any;
    assert_eq!(calls(&idle).len(), 1);
    idle.turns[0].parts = vec![Part::Text("in parallel, please".to_owned())];
    assert_eq!(calls(&idle).len(), 2);
}

#[test]
fn after_a_result_it_speaks_of_the_result() {
    let mut done = ask("weather in Paris");
    done.tools = vec![weather()];
    done.choice = Choice::Any;
    let (id, name) = ("a".to_owned(), "get_weather".to_owned());
    let call = Part::Call {
        id: id.clone(),
        name,
        arguments: "{}".to_owned(),
    };
    done.turns.push(Turn {
        role: Role::Assistant,
        parts: vec![call],
    });
    let result = Part::Result {
        id,
        text: "18 degrees".to_owned(),
    };
    done.turns.push(Turn {
        role: Role::User,
        parts: vec![result],
    });
    let said = answer(&done, 0);
    assert!(text(&said).contains("\"18 degrees\""), "{}", text(&said));
    assert_eq!(said.finish, Finish::End);
}

#[test]
fn structured_answers_conform() {
    let mut wanted = ask("a person");
    wanted.schema = Some(json!({
        "type": "object",
        "required": ["name", "age", "tags", "kind", "home", "score"],
        "properties": {
            "name": { "type": "string", "minLength": 60, "maxLength": 70 },
            "age": { "type": "integer", "minimum": 18, "maximum": 20 },
            "score": { "type": ["number", "null"], "exclusiveMinimum": 5, "maximum": 6 },
            "tags": { "type": "array", "items": { "type": "string" }, "minItems": 3 },
            "kind": { "enum": ["a", "b"] },
            "home": { "$ref": "#/$defs/home" },
            "extra": { "type": "string" }
        },
        "$defs": { "home": { "anyOf": [{ "type": "null" }, {
            "type": "object", "properties": { "city": { "type": "string" } } }] } }
    }));
    let value: Value = serde_json::from_str(&text(&answer(&wanted, 0))).unwrap();
    let name = value["name"].as_str().unwrap().chars().count();
    assert!((60..=70).contains(&name), "{value}");
    assert!(
        (18..=20).contains(&value["age"].as_i64().unwrap()),
        "{value}"
    );
    let score = value["score"].as_f64().unwrap();
    assert!(score > 5.0 && score <= 6.0, "{value}");
    assert_eq!(value["tags"].as_array().unwrap().len(), 3, "{value}");
    assert!(
        ["a", "b"].contains(&value["kind"].as_str().unwrap()),
        "{value}"
    );
    assert_eq!(value["home"]["city"], "Paris");
    assert!(value.get("extra").is_none(), "{value}");
}

proptest! {
    #[test]
    fn pieces_join_to_the_text_and_add_up(text in "\\PC{0,40}|[ a-z,.\\n]{0,40}") {
        let cut = pieces(&text);
        prop_assert_eq!(cut.concat(), text.clone());
        prop_assert_eq!(cut.iter().map(|piece| count_tokens(piece)).sum::<u64>(), count_tokens(&text));
        if count_tokens(&text) > 0 {
            prop_assert!(cut.iter().all(|piece| count_tokens(piece) == 1));
        }
    }

    #[test]
    fn a_limit_is_never_exceeded(words in 1u64..50, limit in 0u64..60) {
        let mut limited = ask(&format!("{words} words"));
        limited.max_tokens = Some(limit);
        let cut = answer(&limited, 0);
        prop_assert_eq!(cut.completion_tokens, words.min(limit));
    }
}
