use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Reply, Request};
use crate::{canonical::Usage, error::AiError};

/// A vector as Google's APIs write it.
#[derive(Deserialize)]
pub(super) struct Vector {
    pub(super) values: Box<RawValue>,
}

/// What a call took, in the words of Google's APIs.
#[derive(Deserialize)]
pub(super) struct Counts {
    #[serde(rename = "promptTokenCount")]
    pub(super) prompt: Option<u64>,
}

pub(super) fn parse_one(body: &Value) -> Result<Request, AiError> {
    let mut request = Request::default();
    item(body, &mut request)?;
    Ok(request)
}

pub(super) fn parse_batch(body: &Value) -> Result<Request, AiError> {
    let requests = body.get("requests").and_then(Value::as_array);
    let requests = requests
        .ok_or_else(|| AiError::invalid("`requests` must be a list").with_param("requests"))?;
    let mut whole = Request::default();
    for (index, entry) in requests.iter().enumerate() {
        let mut one = Request::default();
        item(entry, &mut one)?;
        let settings = (one.dimensions, one.task.clone());
        if index > 0 && settings != (whole.dimensions, whole.task.clone()) {
            let why = "the requests of a batch must agree on task and dimensions for this model";
            return Err(AiError::invalid(why).with_param("requests"));
        }
        (whole.dimensions, whole.task) = settings;
        whole.texts.append(&mut one.texts);
        whole.losses.merge(one.losses);
    }
    Ok(whole)
}

fn item(body: &Value, request: &mut Request) -> Result<(), AiError> {
    let fields = body
        .as_object()
        .ok_or_else(|| AiError::invalid("a request must be an object"))?;
    for (name, value) in fields {
        match name.as_str() {
            "model" => {}
            "content" => request.texts.push(text(value)?),
            "taskType" | "task_type" => request.task = value.as_str().map(str::to_owned),
            "outputDimensionality" | "output_dimensionality" => request.dimensions = value.as_u64(),
            other => request.losses.add_field("", other),
        }
    }
    Ok(())
}

fn text(content: &Value) -> Result<String, AiError> {
    let wrong = || {
        AiError::invalid("`content` must have parts of text for this model").with_param("content")
    };
    let parts = content.get("parts").and_then(Value::as_array);
    let texts = parts.ok_or_else(wrong)?.iter();
    let texts: Vec<&str> = texts
        .map(|part| part.get("text").and_then(Value::as_str).ok_or_else(wrong))
        .collect::<Result<_, _>>()?;
    Ok(texts.concat())
}

pub(super) fn print_batch(request: &Request, model: &str) -> Value {
    let model = format!("models/{}", model.strip_prefix("models/").unwrap_or(model));
    let entry = |text: &String| {
        let mut entry = json!({ "model": model, "content": { "parts": [{ "text": text }] } });
        if let Some(dimensions) = request.dimensions {
            entry["outputDimensionality"] = dimensions.into();
        }
        if let Some(task) = &request.task {
            entry["taskType"] = task.as_str().into();
        }
        entry
    };
    json!({ "requests": request.texts.iter().map(entry).collect::<Vec<_>>() })
}

pub(super) fn parse_reply(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer {
        embeddings: Vec<Vector>,
        #[serde(rename = "usageMetadata")]
        usage: Option<Counts>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some(Reply {
        vectors: answer.embeddings.into_iter().map(|v| v.values).collect(),
        usage: answer.usage.map(|counts| Usage {
            input: counts.prompt,
            total: counts.prompt,
            ..Usage::default()
        }),
    })
}

pub(super) fn print_one(reply: &Reply) -> String {
    let values = reply.vectors.first().map_or("[]", |vector| vector.get());
    format!(r#"{{"embedding":{{"values":{values}}}{}}}"#, usage(reply))
}

pub(super) fn print_reply(reply: &Reply) -> String {
    let vectors: Vec<String> = reply
        .vectors
        .iter()
        .map(|vector| format!(r#"{{"values":{}}}"#, vector.get()))
        .collect();
    format!(
        r#"{{"embeddings":[{}]{}}}"#,
        vectors.join(","),
        usage(reply)
    )
}

fn usage(reply: &Reply) -> String {
    let tokens = reply.usage.as_ref().and_then(|usage| usage.input);
    tokens.map_or_else(String::new, |tokens| {
        format!(r#","usageMetadata":{{"promptTokenCount":{tokens}}}"#)
    })
}

/// Names the model where a body names it: its own field must agree with the URL's.
pub(crate) fn rename(body: &mut Value, model: &str) -> bool {
    let name = format!("models/{}", model.strip_prefix("models/").unwrap_or(model));
    let mut changed = false;
    let mut set = |object: &mut Value| {
        if let Some(field) = object.get_mut("model")
            && *field != name.as_str()
        {
            *field = name.as_str().into();
            changed = true;
        }
    };
    set(body);
    if let Some(inner) = body.get_mut("generateContentRequest") {
        set(inner);
    }
    let requests = body.get_mut("requests").and_then(Value::as_array_mut);
    requests.into_iter().flatten().for_each(set);
    changed
}
