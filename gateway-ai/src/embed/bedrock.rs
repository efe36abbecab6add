use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Reply, Request};
use crate::{canonical::Usage, error::AiError, loss::Losses};

pub(super) fn print_titan(request: &Request, losses: &mut Losses) -> Result<Value, AiError> {
    let [text] = &request.texts[..] else {
        let why = "this model embeds one text a call";
        return Err(AiError::invalid(why).with_param("input"));
    };
    if request.task.is_some() {
        losses.add("taskType");
    }
    let mut body = json!({ "inputText": text });
    if let Some(dimensions) = request.dimensions {
        body["dimensions"] = dimensions.into();
    }
    Ok(body)
}

pub(super) fn parse_titan(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer {
        embedding: Box<RawValue>,
        #[serde(rename = "inputTextTokenCount")]
        tokens: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some(Reply {
        vectors: vec![answer.embedding],
        usage: answer.tokens.map(|tokens| Usage {
            input: Some(tokens),
            total: Some(tokens),
            ..Usage::default()
        }),
    })
}

pub(super) fn print_cohere(request: &Request, losses: &mut Losses) -> Value {
    // The model wants to know; what is indexed is what is embedded most.
    let purpose = match request.task.as_deref() {
        Some("RETRIEVAL_QUERY" | "QUESTION_ANSWERING" | "FACT_VERIFICATION") => "search_query",
        Some("CLASSIFICATION") => "classification",
        Some("CLUSTERING") => "clustering",
        Some("RETRIEVAL_DOCUMENT") | None => "search_document",
        Some(_) => {
            losses.add("taskType");
            "search_document"
        }
    };
    let mut body = json!({
        "texts": request.texts,
        "input_type": purpose,
        "embedding_types": ["float"],
    });
    if let Some(dimensions) = request.dimensions {
        body["output_dimension"] = dimensions.into();
    }
    body
}

pub(super) fn parse_cohere(body: &[u8]) -> Option<Reply> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        embeddings: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Typed {
        float: Vec<Box<RawValue>>,
    }
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let vectors = answer.embeddings.get();
    // One kind of vector comes as a list, several by their names.
    let vectors = if vectors.starts_with('{') {
        serde_json::from_str::<Typed>(vectors).ok()?.float
    } else {
        serde_json::from_str(vectors).ok()?
    };
    Some(Reply {
        vectors,
        usage: None,
    })
}
