use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    Reply, Request,
    gemini::{Counts, Vector},
};
use crate::{canonical::Usage, error::AiError};

pub(super) fn print_predict(request: &Request) -> Value {
    let instance = |text: &String| {
        let mut instance = json!({ "content": text });
        if let Some(task) = &request.task {
            instance["task_type"] = task.as_str().into();
        }
        instance
    };
    let mut body = json!({ "instances": request.texts.iter().map(instance).collect::<Vec<_>>() });
    if let Some(dimensions) = request.dimensions {
        body["parameters"] = json!({ "outputDimensionality": dimensions });
    }
    body
}

pub(super) fn parse_predict(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer {
        predictions: Vec<Prediction>,
    }
    #[derive(Deserialize)]
    struct Prediction {
        embeddings: Counted,
    }
    #[derive(Deserialize)]
    struct Counted {
        values: Box<RawValue>,
        statistics: Option<Statistics>,
    }
    #[derive(Deserialize)]
    struct Statistics {
        // Protocol buffers say a whole number as a fraction.
        token_count: Option<f64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let mut tokens = Some(0);
    let vectors = answer.predictions.into_iter().map(|prediction| {
        let vector = prediction.embeddings;
        let count = vector
            .statistics
            .and_then(|statistics| statistics.token_count);
        tokens = tokens
            .zip(count.and_then(whole))
            .map(|(sum, one)| sum + one);
        vector.values
    });
    let vectors = vectors.collect();
    Some(Reply {
        vectors,
        usage: tokens.map(input),
    })
}

pub(super) fn print_content(request: &Request) -> Result<Value, AiError> {
    let [text] = &request.texts[..] else {
        let why = "this model embeds one text a call";
        return Err(AiError::invalid(why).with_param("input"));
    };
    let mut body = json!({ "content": { "parts": [{ "text": text }] } });
    if let Some(task) = &request.task {
        body["taskType"] = task.as_str().into();
    }
    if let Some(dimensions) = request.dimensions {
        body["outputDimensionality"] = dimensions.into();
    }
    Ok(body)
}

pub(super) fn parse_content(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer {
        embedding: Vector,
        #[serde(rename = "usageMetadata")]
        usage: Option<Counts>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let tokens = answer.usage.and_then(|counts| counts.prompt);
    Some(Reply {
        vectors: vec![answer.embedding.values],
        usage: tokens.map(input),
    })
}

fn input(tokens: u64) -> Usage {
    Usage {
        input: Some(tokens),
        total: Some(tokens),
        ..Usage::default()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded on both sides"
)]
fn whole(count: f64) -> Option<u64> {
    (0.0..1e15).contains(&count).then_some(count as u64)
}
