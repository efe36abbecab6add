//! Which tools are called, and with what.

use serde_json::Value;

use super::ask::Ask;
use super::ask::Choice;
use super::ask::Tool;
use super::prose::find_ignoring_case;
use super::schema;
use super::seed::Seed;

/// One call before it has an id.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// The calls that answer `ask`; none when it is to be answered with text.
pub(super) fn calls(ask: &Ask, seed: &mut Seed) -> Vec<Wanted> {
    if ask.tools.is_empty() || ask.choice == Choice::Never || !ask.results().is_empty() {
        return Vec::new();
    }
    let text = ask.last_user_text();
    let chosen = chosen(ask, &text);
    let Some(&first) = chosen.first() else {
        return Vec::new();
    };
    let cities = cities(&text);
    let city = cities.first().copied();
    if !ask.parallel {
        return vec![call(first, city, &text, seed)];
    }
    if chosen.len() == 1 && cities.len() > 1 {
        return cities
            .iter()
            .map(|city| call(first, Some(city), &text, seed))
            .collect();
    }
    chosen
        .into_iter()
        .map(|tool| call(tool, city, &text, seed))
        .collect()
}

fn call(tool: &Tool, city: Option<&str>, text: &str, seed: &mut Seed) -> Wanted {
    let arguments = match schema::example(&tool.schema, city, text, seed) {
        arguments @ Value::Object(_) => arguments,
        _ => Value::Object(serde_json::Map::new()),
    };
    Wanted {
        name: tool.name.clone(),
        arguments,
    }
}

/// The tools to call, each once. A text with "parallel" in it makes at least two calls.
fn chosen<'a>(ask: &'a Ask, text: &str) -> Vec<&'a Tool> {
    let named = match &ask.choice {
        Choice::Named(name) => ask
            .tools
            .iter()
            .filter(|tool| tool.name == *name)
            .take(1)
            .collect::<Vec<_>>(),
        _ => ask
            .tools
            .iter()
            .filter(|tool| mentions(text, &tool.name))
            .collect(),
    };
    let related = || ask.tools.iter().find(|tool| is_related(&tool.name, text));
    let asked = || ASKING.iter().any(|phrase| mentions(text, phrase));
    let forced = ask.choice == Choice::Any;
    let mut chosen = match named.is_empty() {
        false => named,
        true => {
            let fallback = (forced || asked()).then(|| ask.tools.first()).flatten();
            related().or(fallback).into_iter().collect()
        }
    };
    if chosen.len() == 1 && mentions(text, "parallel") && cities(text).len() < 2 {
        let pinned = matches!(ask.choice, Choice::Named(_));
        let other = ask
            .tools
            .iter()
            .find(|tool| !pinned && tool.name != chosen[0].name);
        chosen.push(other.unwrap_or(chosen[0]));
    }
    chosen
}

/// Whether a word of the tool's name is a word of the text: `get_weather` and "weather".
fn is_related(name: &str, text: &str) -> bool {
    let mut words = name.split(['_', '-', '.']).filter(|word| word.len() > 3);
    words.any(|word| mentions(text, &word.to_ascii_lowercase()))
}

fn mentions(text: &str, needle: &str) -> bool {
    find_ignoring_case(text, &needle.to_ascii_lowercase()).is_some()
}

/// The cities that a text names, in its order.
fn cities(text: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &str)> = CITIES
        .iter()
        .filter_map(|city| Some((text.find(city)?, *city)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, city)| city).collect()
}

const ASKING: [&str; 4] = ["call tool", "call a tool", "use the tool", "call the tool"];

const CITIES: [&str; 20] = [
    "Amsterdam",
    "Athens",
    "Berlin",
    "Boston",
    "Chicago",
    "Dublin",
    "Lisbon",
    "London",
    "Madrid",
    "New York",
    "Oslo",
    "Paris",
    "Prague",
    "Rome",
    "San Francisco",
    "Seattle",
    "Sydney",
    "Tokyo",
    "Vienna",
    "Zurich",
];
