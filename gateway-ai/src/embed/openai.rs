use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Reply, Request, vector};
use crate::{canonical::Usage, error::AiError, loss::Losses};

pub(super) fn parse_request(body: &Value) -> Result<Request, AiError> {
    let wrong = |why: &str, field: &'static str| AiError::invalid(why).with_param(field);
    let fields = body
        .as_object()
        .ok_or_else(|| AiError::invalid("the body must be an object"))?;
    let mut request = Request::default();
    for (name, value) in fields {
        match name.as_str() {
            "model" => {}
            "input" => request.texts = texts(value)?,
            "dimensions" if value.is_null() => {}
            "dimensions" => {
                let number = value.as_u64().filter(|number| *number > 0);
                request.dimensions = Some(number.ok_or_else(|| {
                    wrong("`dimensions` must be a positive integer", "dimensions")
                })?);
            }
            "encoding_format" => match value.as_str() {
                Some("base64") => request.base64 = true,
                Some("float") => {}
                _ if value.is_null() => {}
                _ => {
                    let why = "`encoding_format` must be `float` or `base64`";
                    return Err(wrong(why, "encoding_format"));
                }
            },
            other => request.losses.add_field("", other),
        }
    }
    Ok(request)
}

fn texts(input: &Value) -> Result<Vec<String>, AiError> {
    let wrong = || {
        // Numbers of tokens mean nothing to another vendor's tokenizer.
        AiError::invalid("`input` must be a text or a list of texts for this model")
            .with_param("input")
    };
    match input {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        _ => Err(wrong()),
    }
}

pub(super) fn print_request(request: &Request, model: &str, losses: &mut Losses) -> Value {
    if request.task.is_some() {
        losses.add("taskType");
    }
    let mut body = json!({ "model": model, "input": request.texts, "encoding_format": "float" });
    if let Some(dimensions) = request.dimensions {
        body["dimensions"] = dimensions.into();
    }
    body
}

pub(super) fn parse_reply(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: Vec<Item<'a>>,
        usage: Option<Counts>,
    }
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(default)]
        index: Option<usize>,
        #[serde(borrow)]
        embedding: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Counts {
        prompt_tokens: Option<u64>,
        total_tokens: Option<u64>,
    }
    let mut answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    // The index says which text a vector is of; the order need not.
    answer.data.sort_by_key(|item| item.index);
    let vectors = answer
        .data
        .iter()
        .map(|item| vector::to_array(item.embedding));
    Some(Reply {
        vectors: vectors.collect::<Option<_>>()?,
        usage: answer.usage.map(|counts| Usage {
            input: counts.prompt_tokens,
            total: counts.total_tokens,
            ..Usage::default()
        }),
    })
}

pub(super) fn print_reply(reply: &Reply, request: &Request, model: &str) -> String {
    let mut out = String::from(r#"{"object":"list","data":["#);
    for (index, vector) in reply.vectors.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&format!(
            r#"{{"object":"embedding","index":{index},"embedding":"#
        ));
        match request.base64.then(|| vector::to_base64(vector)).flatten() {
            Some(text) => out.push_str(&Value::from(text).to_string()),
            None => out.push_str(vector.get()),
        }
        out.push('}');
    }
    let tokens = reply
        .usage
        .as_ref()
        .and_then(|usage| usage.input)
        .unwrap_or(0);
    out.push_str(&format!(
        r#"],"model":{},"usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}"#,
        Value::from(model)
    ));
    out
}
