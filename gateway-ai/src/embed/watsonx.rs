use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Reply, Request};
use crate::{canonical::Usage, loss::Losses};

pub(super) fn print(request: &Request, model: &str, losses: &mut Losses) -> Value {
    if request.dimensions.is_some() {
        losses.add("dimensions");
    }
    if request.task.is_some() {
        losses.add("taskType");
    }
    json!({ "model": model, "inputs": request.texts })
}

pub(super) fn parse(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Vector>,
        input_token_count: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Vector {
        embedding: Box<RawValue>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some(Reply {
        vectors: answer.results.into_iter().map(|v| v.embedding).collect(),
        usage: answer.input_token_count.map(|tokens| Usage {
            input: Some(tokens),
            total: Some(tokens),
            ..Usage::default()
        }),
    })
}
