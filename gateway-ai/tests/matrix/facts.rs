//! What a request says, as a set of short sentences.
//!
//! Sentences name no field of any dialect, so two requests that mean the same say the same, and
//! what one lacks of the other has been lost.

use std::collections::BTreeSet;

use gateway_ai::canonical::{
    AudioSource, Block, CacheMark, Document, Image, OutputFormat, Raw, Reasoning, ReasoningMode,
    Request, Role, Source, ToolChoice, ToolKind, ToolResult,
};
use serde_json::Value;

pub(crate) type Facts = BTreeSet<String>;

/// Everything a request says.
pub(crate) fn of(request: &Request) -> Facts {
    let mut facts = Facts::new();
    let names = call_names(request);
    for system in &request.system {
        for block in &system.parts {
            say_block("system", block, &names, &mut facts);
        }
    }
    let mut turns: Vec<&str> = Vec::new();
    for message in &request.messages {
        let who = speaker(message.role);
        if who != "system" && turns.last() != Some(&who) {
            turns.push(who);
        }
        for block in &message.content {
            say_block(who, block, &names, &mut facts);
        }
        if let Some(name) = &message.name {
            facts.insert(format!("name {name}"));
        }
        for (name, _) in message.extra.iter() {
            facts.insert(format!("message extra {name}"));
        }
    }
    facts.insert(format!("turns {}", turns.join(" ")));
    say_tools(request, &mut facts);
    say_options(request, &mut facts);
    facts
}

const fn speaker(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        _ => "system",
    }
}

fn call_names(request: &Request) -> Vec<(String, String)> {
    let blocks = request.messages.iter().flat_map(|message| &message.content);
    blocks
        .filter_map(|block| match block {
            Block::ToolCall(call) => Some((call.id.clone(), call.name.clone())),
            _ => None,
        })
        .collect()
}

fn say_block(who: &str, block: &Block, names: &[(String, String)], facts: &mut Facts) {
    match block {
        Block::Text(text) if text.text.trim().is_empty() => {}
        Block::Text(text) => {
            facts.insert(format!("{who}: {}", text.text));
            say_mark(text.cache.as_ref(), &text.text, facts);
        }
        Block::Refusal(refusal) => {
            facts.insert(format!("{who}: {}", refusal.text));
        }
        Block::Image(image) => {
            facts.insert(format!("{who} image {}", of_image(image)));
            if let Some(detail) = image.detail.as_deref().filter(|detail| *detail != "auto") {
                facts.insert(format!("detail {detail}"));
            }
        }
        Block::Document(document) => {
            facts.insert(format!("{who} document {}", of_document(document)));
        }
        Block::Audio(audio) => {
            let source = match &audio.source {
                AudioSource::Data { format, data } => format!("{format} {data}"),
                AudioSource::Url(url) => url.clone(),
                AudioSource::Id(id) => format!("id {id}"),
                _ => "?".to_owned(),
            };
            facts.insert(format!("{who} sound {source}"));
        }
        Block::Thinking(thinking) => {
            if !thinking.text.is_empty() {
                facts.insert(format!("thinking: {}", thinking.text));
            }
            if let Some(signature) = &thinking.signature {
                facts.insert(format!("thinking signed {signature}"));
            }
        }
        Block::RedactedThinking(opaque) => {
            let raw: Value = opaque.raw.read().unwrap();
            let data = raw.get("data").or_else(|| raw.get("redactedContent"));
            facts.insert(format!(
                "redacted {}",
                data.and_then(Value::as_str).unwrap_or("?")
            ));
        }
        Block::ToolCall(call) => {
            let arguments = json(if call.arguments.trim().is_empty() {
                "{}"
            } else {
                &call.arguments
            });
            facts.insert(format!("call {} {arguments}", call.name));
            if let Some(signature) = &call.signature {
                facts.insert(format!("call signed {signature}"));
            }
            say_mark(call.cache.as_ref(), &call.name, facts);
        }
        Block::ToolResult(result) => say_result(result, names, facts),
        other => {
            facts.insert(format!("{who} block {other:?}"));
        }
    }
}

fn say_result(result: &ToolResult, names: &[(String, String)], facts: &mut Facts) {
    let name = names.iter().find(|(id, _)| *id == result.id);
    let name = name.map_or("nothing", |(_, name)| name);
    if result.is_error == Some(true) {
        facts.insert(format!("result of {name} failed"));
    }
    for block in &result.content {
        match block {
            Block::Text(text) => {
                let said = text.text.as_str();
                let value: Option<Value> = serde_json::from_str(said).ok();
                let inner = value.as_ref().and_then(|value| {
                    let inner = value.get("result").or_else(|| value.get("error"));
                    inner.and_then(Value::as_str)
                });
                facts.insert(format!("result of {name}: {}", inner.unwrap_or(said)));
            }
            Block::Image(image) => {
                facts.insert(format!("result of {name} shows {}", of_image(image)));
            }
            other => {
                facts.insert(format!("result of {name} has {other:?}"));
            }
        }
    }
    say_mark(result.cache.as_ref(), name, facts);
}

fn say_mark(mark: Option<&CacheMark>, after: &str, facts: &mut Facts) {
    if let Some(mark) = mark {
        let ttl = mark.ttl.as_deref().unwrap_or("default");
        facts.insert(format!("cache {ttl} after {after}"));
    }
}

fn of_image(image: &Image) -> String {
    of_source(&image.source)
}

fn of_document(document: &Document) -> String {
    of_source(&document.source)
}

fn of_source(source: &Source) -> String {
    match source {
        Source::Base64 { media_type, data } | Source::Text { media_type, data } => {
            format!("{media_type} {data}")
        }
        Source::Url { url, .. } => url.clone(),
        Source::File { id } => format!("file {id}"),
        other => format!("{other:?}"),
    }
}

fn say_tools(request: &Request, facts: &mut Facts) {
    for tool in &request.tools {
        match &tool.kind {
            ToolKind::Server { .. } => {
                facts.insert("server tool".to_owned());
                continue;
            }
            ToolKind::Function { schema, strict } => {
                facts.insert(format!("tool {}", tool.name));
                if let Some(schema) = schema.as_ref().map(sorted)
                    && schema != r#"{"properties":{},"type":"object"}"#
                {
                    facts.insert(format!("tool {} takes {schema}", tool.name));
                }
                if *strict == Some(true) {
                    facts.insert(format!("tool {} is strict", tool.name));
                }
            }
            _ => {
                facts.insert(format!("tool {} of free text", tool.name));
            }
        }
        if let Some(description) = &tool.description {
            facts.insert(format!("tool {} describes {description}", tool.name));
        }
        say_mark(tool.cache.as_ref(), &format!("tool {}", tool.name), facts);
    }
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => say(facts, "choice auto"),
        Some(ToolChoice::None) => say(facts, "choice none"),
        Some(ToolChoice::Required) => say(facts, "choice required"),
        Some(ToolChoice::Tool { name }) => say(facts, format!("choice {name}")),
        // One allowed tool that must be called is a choice of it.
        Some(ToolChoice::Allowed {
            required: true,
            names,
        }) if names.len() == 1 => say(facts, format!("choice {}", names[0])),
        Some(other) => say(facts, format!("choice {other:?}")),
    }
    if request.parallel_tool_calls == Some(false) {
        say(facts, "serial calls");
    }
}

fn say(facts: &mut Facts, fact: impl Into<String>) {
    facts.insert(fact.into());
}

fn say_options(request: &Request, facts: &mut Facts) {
    let (sampling, limits) = (&request.sampling, &request.limits);
    let numbers = [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("top_k", &sampling.top_k),
        ("seed", &sampling.seed),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
        ("logprobs", &sampling.top_logprobs),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            say(facts, format!("{name} {}", number.as_f64()));
        }
    }
    for stop in &limits.stop {
        say(facts, format!("stop {stop}"));
    }
    if let Some(max) = limits.max_output_tokens {
        say(facts, format!("max {max}"));
    }
    if let Some(candidates) = limits.candidates.filter(|candidates| *candidates > 1) {
        say(facts, format!("candidates {candidates}"));
    }
    match &request.output {
        None | Some(OutputFormat::Text) => {}
        Some(OutputFormat::JsonObject) => say(facts, "form any JSON"),
        Some(OutputFormat::JsonSchema(form)) => {
            let schema = form.schema.as_ref().map(sorted).unwrap_or_default();
            say(facts, format!("form {schema}"));
        }
        Some(other) => say(facts, format!("form {other:?}")),
    }
    if request.reasoning.as_ref().is_some_and(wants_reasoning) {
        say(facts, "reasoning");
    }
    if let Some(user) = &request.user {
        say(facts, format!("user {user}"));
    }
    if let Some(tier) = &request.service_tier {
        say(facts, format!("tier {tier}"));
    }
    for (name, _) in request.extra.iter() {
        say(facts, format!("extra {name}"));
    }
}

fn wants_reasoning(reasoning: &Reasoning) -> bool {
    reasoning
        .mode
        .is_some_and(|mode| mode != ReasoningMode::Disabled)
        || reasoning.budget.is_some()
        || reasoning
            .effort
            .as_deref()
            .is_some_and(|effort| effort != "none")
}

/// JSON with its keys in order, so that equal values are equal texts.
fn sorted(raw: &Raw) -> String {
    json(raw.as_str())
}

fn json(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| ordered(&value))
}

fn ordered(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), ordered(value)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ordered).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}
