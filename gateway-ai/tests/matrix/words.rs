//! A word nobody has told us of, wherever a dialect has a list of words: it comes through, is named
//! as lost, or – of a request alone – is refused by the name of its field.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use gateway_ai::{
    dialect::{Dialect, ReplyContext},
    error::AiError,
    loss::Losses,
};
use serde_json::{Value, json};

use super::{DIALECTS, URL, target};

const WORD: &str = "of_tomorrow";

/// The fields whose text is one of a list, in whatever object.
const LISTS: [&str; 42] = [
    "allowed_callers",
    "cacheType",
    "category",
    "detail",
    "display",
    "effort",
    "finishReason",
    "finish_reason",
    "format",
    "include",
    "language",
    "latency",
    "media_type",
    "mediaResolution",
    "mimeType",
    "modalities",
    "mode",
    "object",
    "outcome",
    "phase",
    "prompt_cache_retention",
    "reason",
    "reasoning_effort",
    "responseMimeType",
    "responseModalities",
    "role",
    "search_context_size",
    "service_tier",
    "speed",
    "status",
    "stopReason",
    "stop_reason",
    "summary",
    "syntax",
    "thinkingLevel",
    "threshold",
    "tool_choice",
    "truncation",
    "type",
    "ttl",
    "verbosity",
    "level",
];

/// Objects whose content is a client's or a model's own.
const FREE: [&str; 10] = [
    "parameters",
    "parametersJsonSchema",
    "input_schema",
    "inputSchema",
    "schema",
    "responseSchema",
    "responseJsonSchema",
    "args",
    "metadata",
    "arguments",
];

/// Puts the word where text number `left` of a list is, and says where.
fn plant(value: &mut Value, key: &str, left: &mut usize, place: &mut Vec<String>) -> bool {
    match value {
        Value::Object(map) => map.iter_mut().any(|(key, value)| {
            // A tool's `input` is the model's, that of Responses the conversation.
            let is_free = FREE.contains(&key.as_str()) || (key == "input" && value.is_object());
            if is_free {
                return false;
            }
            place.push(key.clone());
            let planted = plant(value, key, left, place);
            if !planted {
                place.pop();
            }
            planted
        }),
        Value::Array(list) => list.iter_mut().any(|value| plant(value, key, left, place)),
        Value::String(word) if LISTS.contains(&key) => {
            if *left > 0 {
                *left -= 1;
                return false;
            }
            *word = WORD.to_owned();
            true
        }
        _ => false,
    }
}

/// Every body with the word in one of its lists, and where.
pub(crate) fn planted(body: &Value) -> impl Iterator<Item = (String, Value)> {
    (0..).map_while(|number| {
        let (mut body, mut place) = (body.clone(), Vec::new());
        plant(&mut body, "", &mut { number }, &mut place).then(|| (place.join("."), body))
    })
}

#[derive(Default)]
pub(crate) struct Search {
    wrong: BTreeMap<String, String>,
    looked: usize,
}

impl Search {
    /// What is the same with the word as without it – out and losses – was dropped in silence.
    pub(crate) fn look(
        &mut self,
        pair: &str,
        place: &str,
        body: &Value,
        (out, lost): (&[u8], &Losses),
        plain: &Losses,
    ) {
        self.looked += 1;
        let out = String::from_utf8_lossy(out).to_ascii_lowercase();
        let (arrives, known): (bool, BTreeSet<&str>) = (out.contains(WORD), plain.iter().collect());
        let named = lost
            .iter()
            .any(|loss| !known.contains(loss) || names(loss, place));
        if !arrives && !named && !says_nothing(place, body) {
            self.note(pair, place, format!("in silence [{lost}] {body:.300}"));
        }
    }

    /// A request may be refused, if it is said for which field.
    fn refused(&mut self, pair: &str, place: &str, error: &AiError) {
        self.looked += 1;
        let last = place.rsplit('.').next().unwrap_or(place);
        let named = error.param().is_some() || error.message().contains(last);
        if !named || !error.client_status().is_client_error() {
            self.note(pair, place, format!("{error:?}"));
        }
    }

    pub(crate) fn note(&mut self, pair: &str, place: &str, what: String) {
        self.wrong.insert(format!("{pair} at {place}"), what);
    }

    pub(crate) fn end(&self, least: usize) {
        let wrong: Vec<_> = self
            .wrong
            .iter()
            .map(|(at, what)| format!("{at}: {what}"))
            .collect();
        assert!(
            wrong.is_empty(),
            "{} of {}\n{}",
            wrong.len(),
            self.looked,
            wrong.join("\n")
        );
        eprintln!("{} looked at", self.looked);
        assert!(self.looked >= least, "only {} looked at", self.looked);
    }
}

/// Whether a name is that of a place, or of what it stands in.
fn names(loss: &str, place: &str) -> bool {
    let letters = |name: &str| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    };
    // A dialect's own word for what has another name in the report.
    let common = match place.rsplit('.').next().unwrap_or(place) {
        "finish_reason" | "finishReason" | "stopReason" => "stop_reason",
        "ttl" if place.contains("cachePoint") => "cache_control",
        "thinkingLevel" => "reasoning",
        "type" if place.starts_with("tools.") => "tool_choice.none",
        "type" if place.contains("summary") => "thinking",
        "effort" | "reasoning_effort" => "reasoning",
        _ => "",
    };
    let said = |part: &str| place.split('.').any(|step| letters(step) == letters(part));
    loss == common || loss.split('.').any(said)
}

/// Whether the place says what its object says anyway.
fn says_nothing(place: &str, body: &Value) -> bool {
    let is_answer = body["content"].is_array() && place == "type";
    // What a stream begins with is said again at its end.
    let begins = body["type"] == "response.created" && place == "response.status";
    is_answer || begins || place == "role" || SAID_ANYWAY.iter().any(|end| place.ends_with(end))
}

/// What an answer is, and that a model gave it; that a call or choice of a function is one, and a
/// piece of a summary text; what a picture or document shows by its first bytes; how far an item of
/// a finished answer has come, and events that repeat one.
const SAID_ANYWAY: [&str; 14] = [
    "object",
    "message.role",
    "delta.role",
    "content.role",
    "message.type",
    "tool_calls.type",
    "tool_choice.type",
    "summary.type",
    "image.format",
    "document.format",
    "media_type",
    "inlineData.mimeType",
    "fileData.mimeType",
    "output.status",
];

pub(crate) fn pages(page: &str) -> Vec<BTreeMap<String, Value>> {
    serde_json::from_str(page).unwrap()
}

/// Lists that no feature of the tables has.
fn more_requests() -> Vec<(Dialect, Value)> {
    let image = json!({ "url": "https://example.com/a.png", "detail": "low" });
    vec![
        (
            Dialect::Chat,
            json!({ "model": "m", "verbosity": "low", "modalities": ["text"],
            "prompt_cache_retention": "24h", "service_tier": "flex",
            "web_search_options": { "search_context_size": "low" },
            "messages": [{ "role": "user", "content": [
                { "type": "image_url", "image_url": image }] }] }),
        ),
        (
            Dialect::Responses,
            json!({ "model": "m", "truncation": "auto", "service_tier": "flex",
            "include": ["reasoning.encrypted_content"], "text": { "verbosity": "low" },
            "reasoning": { "effort": "low", "summary": "auto" },
            "input": [{ "type": "message", "role": "user", "content": [{ "type": "input_image",
                "image_url": "https://example.com/a.png", "detail": "low" }] }] }),
        ),
        (
            Dialect::Messages,
            json!({ "model": "m", "max_tokens": 9, "service_tier": "auto",
            "output_config": { "effort": "low" }, "thinking": { "type": "adaptive" },
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Hi.",
                "cache_control": { "type": "ephemeral", "ttl": "5m" } }] }] }),
        ),
        (
            Dialect::Gemini,
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi." }] }],
            "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF" }],
            "generationConfig": { "mediaResolution": "MEDIA_RESOLUTION_LOW",
                "responseModalities": ["TEXT"], "thinkingConfig": { "thinkingLevel": "LOW" } } }),
        ),
        (
            Dialect::Converse,
            json!({ "performanceConfig": { "latency": "optimized" },
            "serviceTier": { "type": "flex" },
            "messages": [{ "role": "user", "content": [{ "text": "Hi." },
                { "cachePoint": { "type": "default", "ttl": "5m" } },
                { "image": { "format": "png", "source": { "bytes": "iVBORw0KGgo=" } } }] }] }),
        ),
    ]
}

#[test]
fn no_unknown_word_of_a_request_is_dropped_in_silence() {
    let mut search = Search::default();
    let mut bodies = more_requests();
    for mut feature in pages(include_str!("requests.json")) {
        let of = |dialect: Dialect| Some((dialect, feature.remove(dialect.as_str())?));
        bodies.extend(DIALECTS.into_iter().filter_map(of));
    }
    for (from, plain) in bodies {
        let known = from
            .parse_request(plain.to_string().as_bytes(), URL)
            .unwrap();
        for (place, body) in planted(&plain) {
            let request = match from.parse_request(body.to_string().as_bytes(), URL) {
                Ok(request) => request,
                Err(error) => {
                    search.refused(from.as_str(), &place, &error);
                    continue;
                }
            };
            for to in DIALECTS {
                let pair = format!("{from}→{to}");
                let (mut out, target) = (BytesMut::new(), target(from, to));
                let before = to.print_request(&known, &target, &mut BytesMut::new());
                let before = before.map(|printed| printed.losses).unwrap_or_default();
                match to.print_request(&request, &target, &mut out) {
                    Ok(printed) => {
                        search.look(&pair, &place, &body, (&out, &printed.losses), &before);
                    }
                    Err(error) => search.refused(&pair, &place, &error),
                }
            }
        }
    }
    search.end(1400);
}

#[test]
fn no_unknown_word_of_a_reply_is_dropped_in_silence_or_fails_it() {
    let (mut search, context) = (Search::default(), ReplyContext::default());
    for feature in pages(include_str!("replies.json")) {
        for from in DIALECTS {
            let Some(plain) = feature.get(from.as_str()).map(|body| &body["whole"]) else {
                continue;
            };
            let known = from.parse_reply(plain.to_string().as_bytes()).unwrap();
            for (place, body) in planted(plain) {
                let reply = match from.parse_reply(body.to_string().as_bytes()) {
                    Ok(reply) => reply,
                    Err(error) => {
                        search.note(from.as_str(), &place, error.to_string());
                        continue;
                    }
                };
                for to in DIALECTS {
                    let mut out = BytesMut::new();
                    let before = to.print_reply(&known, &context, &mut BytesMut::new());
                    let losses = to.print_reply(&reply, &context, &mut out);
                    let pair = format!("{from}→{to}");
                    search.look(&pair, &place, &body, (&out, &losses), &before);
                }
            }
        }
    }
    search.end(1200);
}
