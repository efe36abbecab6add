//! Reading a `generateContent` request.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Tool;
use crate::doubles::model::brain::is_signature;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::pairing;

pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    let config = &body["generationConfig"];
    let mut ask = Ask {
        model: incoming.model.to_owned(),
        stream: incoming.stream,
        stream_usage: true,
        system: texts(&body["systemInstruction"]),
        tools: tools(body),
        choice: choice(&body["toolConfig"]["functionCallingConfig"])?,
        parallel: true,
        max_tokens: config["maxOutputTokens"].as_u64(),
        stops: strings(&config["stopSequences"]),
        schema: schema(config),
        thinking: shows_thoughts(&config["thinkingConfig"]),
        candidates: config["candidateCount"].as_u64().unwrap_or(1),
        ..Ask::default()
    };
    let Some(contents) = body["contents"].as_array().filter(|list| !list.is_empty()) else {
        return Err(invalid(
            "* GenerateContentRequest.contents: contents is not specified",
        ));
    };
    // Results name functions, not calls; the ids only pair them here.
    let (mut made, mut answered) = (0, 0);
    for (at, content) in contents.iter().enumerate() {
        let role = match content["role"].as_str() {
            None | Some("user" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => return Err(invalid("Please use a valid role: user, model.")),
        };
        let Some(list) = content["parts"].as_array().filter(|list| !list.is_empty()) else {
            let why = "contents.parts must not be empty.";
            return Err(invalid(format!(
                "* GenerateContentRequest.contents[{at}]: {why}"
            )));
        };
        let mut parts = Vec::new();
        for item in list {
            parts.extend(proof(item)?);
            parts.extend(part(item, role, &mut made, &mut answered)?);
        }
        pairing::push(&mut ask.turns, role, parts);
    }
    if pairing::check(&ask.turns).is_err() {
        return Err(invalid(
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn.",
        ));
    }
    Ok(ask)
}

/// Google signs a call, or the end of a text, for what was thought before it.
fn proof(part: &Value) -> Result<Option<Part>, Refusal> {
    match part["thoughtSignature"].as_str() {
        None => Ok(None),
        Some(given) if STAND_INS.contains(&given) => Ok(None),
        Some(given) if is_signature(given) => Ok(Some(Part::Proof)),
        Some(_) => Err(invalid("Corrupted thought signature.")),
    }
}

fn part(
    part: &Value,
    role: Role,
    made: &mut u32,
    answered: &mut u32,
) -> Result<Option<Part>, Refusal> {
    if let Some(call) = part["functionCall"].as_object() {
        let name = call
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let arguments = call
            .get("args")
            .cloned()
            .unwrap_or_else(|| json!({}))
            .to_string();
        let id = made.to_string();
        *made += 1;
        return match role {
            Role::Assistant => Ok(Some(Part::Call {
                id,
                name,
                arguments,
            })),
            Role::User => Err(invalid("function calls belong to the model's turn")),
        };
    }
    if part["functionResponse"].is_object() {
        let response = &part["functionResponse"]["response"];
        if !response.is_object() || !part["functionResponse"]["name"].is_string() {
            return Err(invalid("Invalid value at 'function_response' (Struct)"));
        }
        let id = answered.to_string();
        *answered += 1;
        return Ok(Some(Part::Result {
            id,
            text: result_text(response),
        }));
    }
    match part["text"].as_str() {
        Some(_) if part["thought"] == true => Ok(None),
        Some(text) => Ok(Some(Part::Text(text.to_owned()))),
        None if part["inlineData"].is_object() || part["fileData"].is_object() => {
            Ok(Some(Part::Media))
        }
        None => Err(invalid(
            "contents.parts.data: required oneof field 'data' must be set",
        )),
    }
}

/// The text of a result; the usual wrappings count for nothing.
fn result_text(response: &Value) -> String {
    let fields = response.as_object();
    let only = fields
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| {
            ["result", "output", "content", "error"]
                .iter()
                .find_map(|name| fields.get(*name)?.as_str())
        });
    only.map_or_else(|| response.to_string(), str::to_owned)
}

/// Google reads either case of a name, and its Python client mixes them.
fn shows_thoughts(config: &Value) -> bool {
    config["includeThoughts"] == true || config["include_thoughts"] == true
}

fn texts(content: &Value) -> Vec<String> {
    let parts = content["parts"].as_array().into_iter().flatten();
    parts
        .filter_map(|part| part["text"].as_str())
        .map(str::to_owned)
        .collect()
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn tools(body: &Value) -> Vec<Tool> {
    let groups = body["tools"].as_array().into_iter().flatten();
    groups
        .flat_map(|group| {
            group["functionDeclarations"]
                .as_array()
                .into_iter()
                .flatten()
        })
        .map(|function| {
            let given = [
                &function["parametersJsonSchema"],
                &function["parameters_json_schema"],
                &function["parameters"],
            ];
            let schema = given.into_iter().find(|schema| schema.is_object());
            let empty = || json!({ "type": "object", "properties": {} });
            Tool {
                name: function["name"].as_str().unwrap_or_default().to_owned(),
                schema: schema.map_or_else(empty, |schema| lower(schema.clone())),
            }
        })
        .collect()
}

/// Gemini's own schemas write types in capitals.
fn lower(mut schema: Value) -> Value {
    if let Some(kind) = schema["type"].as_str() {
        schema["type"] = json!(kind.to_ascii_lowercase());
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for inner in properties.values_mut() {
            *inner = lower(inner.take());
        }
    }
    if let Some(items) = schema.get_mut("items") {
        *items = lower(items.take());
    }
    schema
}

fn choice(config: &Value) -> Result<Choice, Refusal> {
    let named = strings(&config["allowedFunctionNames"]);
    match (config["mode"].as_str(), named.as_slice()) {
        (None | Some("AUTO" | "MODE_UNSPECIFIED" | "VALIDATED"), _) => Ok(Choice::Auto),
        (Some("NONE"), _) => Ok(Choice::Never),
        (Some("ANY"), [one]) => Ok(Choice::Named(one.clone())),
        (Some("ANY"), _) => Ok(Choice::Any),
        _ => Err(invalid(
            "Invalid value at 'tool_config.function_calling_config.mode'",
        )),
    }
}

fn schema(config: &Value) -> Option<Value> {
    let given = [&config["responseJsonSchema"], &config["responseSchema"]];
    let schema = given.into_iter().find(|schema| schema.is_object());
    match schema {
        Some(schema) => Some(lower(schema.clone())),
        None => (config["responseMimeType"] == "application/json").then(|| json!({})),
    }
}

/// What Google documents for calls that another model made, as they are and as bytes in base64.
const STAND_INS: [&str; 4] = [
    "skip_thought_signature_validator",
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    "context_engineering_is_the_way_to_go",
    "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
];

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid(message, None)
}
