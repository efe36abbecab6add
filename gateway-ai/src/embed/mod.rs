//! Embeddings between the formats providers have for them.
//!
//! OpenAI's `/embeddings`, Gemini's `embedContent` and `batchEmbedContents`, Bedrock's `invoke` of
//! Titan's and Cohere's models, and Vertex AI's `predict` and `embedContent` say the same things: texts in, vectors out, sometimes fewer
//! dimensions. Between equal formats nothing comes here, the bytes pass. Vectors are never rounded:
//! the provider's digits are copied, unless the client wants them as base64 of 32-bit floats.

mod bedrock;
mod gemini;
mod openai;
mod vector;
mod vertex;
mod watsonx;

use serde_json::Value;

pub(crate) use self::gemini::rename;

use crate::{canonical::Usage, error::AiError, loss::Losses};

/// How texts and vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `POST /embeddings`
    OpenAi,
    /// `models/{model}:embedContent`
    Gemini,
    /// `models/{model}:batchEmbedContents`
    GeminiBatch,
    /// `invoke` of `amazon.titan-embed-*`
    Titan,
    /// `invoke` of `cohere.embed-*`
    Cohere,
    /// Vertex AI's `predict`
    VertexPredict,
    /// Vertex AI's `embedContent`
    VertexContent,
    /// watsonx.ai's
    Watsonx,
}

/// Texts whose vectors are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) texts: Vec<String>,
    pub(crate) dimensions: Option<u64>,
    /// What the vectors are for, in Gemini's words.
    pub(crate) task: Option<String>,
    /// Whether the client wants base64.
    pub(crate) base64: bool,
    /// What was read and has no place here.
    pub(crate) losses: Losses,
}

/// Vectors, each as the JSON array the provider wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) vectors: Vec<Box<serde_json::value::RawValue>>,
    pub(crate) usage: Option<Usage>,
}

impl Format {
    /// Reads a client's request.
    ///
    /// # Errors
    ///
    /// A client fault that names the field.
    pub(crate) fn parse_request(self, body: &[u8]) -> Result<Request, AiError> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| AiError::invalid(format!("the body is not JSON: {error}")))?;
        let request = match self {
            Self::OpenAi => openai::parse_request(&body)?,
            Self::Gemini => gemini::parse_one(&body)?,
            Self::GeminiBatch => gemini::parse_batch(&body)?,
            Self::Titan
            | Self::Cohere
            | Self::VertexPredict
            | Self::VertexContent
            | Self::Watsonx => {
                return Err(AiError::invalid("no client speaks this format"));
            }
        };
        if request.texts.is_empty() {
            return Err(AiError::invalid("there is nothing to embed").with_param(self.field()));
        }
        Ok(request)
    }

    /// Writes a request for a provider and says what has no place in it.
    ///
    /// # Errors
    ///
    /// A client fault where the provider embeds one text a call and there are several.
    pub(crate) fn print_request(
        self,
        request: &Request,
        model: &str,
    ) -> Result<(Value, Losses), AiError> {
        let mut losses = request.losses.clone();
        let body = match self {
            Self::OpenAi => openai::print_request(request, model, &mut losses),
            Self::Gemini | Self::GeminiBatch => gemini::print_batch(request, model),
            Self::Titan => bedrock::print_titan(request, &mut losses)?,
            Self::Cohere => bedrock::print_cohere(request, &mut losses),
            Self::VertexPredict => vertex::print_predict(request),
            Self::VertexContent => vertex::print_content(request)?,
            Self::Watsonx => watsonx::print(request, model, &mut losses),
        };
        Ok((body, losses))
    }

    /// Reads a provider's answer; `None` where it is none.
    pub(crate) fn parse_reply(self, body: &[u8]) -> Option<Reply> {
        match self {
            Self::OpenAi => openai::parse_reply(body),
            Self::Gemini | Self::GeminiBatch => gemini::parse_reply(body),
            Self::Titan => bedrock::parse_titan(body),
            Self::Cohere => bedrock::parse_cohere(body),
            Self::VertexPredict => vertex::parse_predict(body),
            Self::VertexContent => vertex::parse_content(body),
            Self::Watsonx => watsonx::parse(body),
        }
    }

    /// Writes an answer for the client that sent `request`.
    pub(crate) fn print_reply(self, reply: &Reply, request: &Request, model: &str) -> String {
        match self {
            Self::Gemini => gemini::print_one(reply),
            Self::GeminiBatch => gemini::print_reply(reply),
            _ => openai::print_reply(reply, request, model),
        }
    }

    /// Where clients of this format put their texts.
    const fn field(self) -> &'static str {
        match self {
            Self::Gemini => "content",
            Self::GeminiBatch => "requests",
            _ => "input",
        }
    }
}

impl Reply {
    /// Counts the input where the provider has not: four characters to a token.
    pub(crate) fn count(&mut self, request: &Request) {
        if self
            .usage
            .as_ref()
            .is_some_and(|usage| usage.input.is_some())
        {
            return;
        }
        let characters = request.texts.iter().map(|text| text.chars().count());
        let tokens = characters.map(|n| n.div_ceil(4) as u64).sum();
        self.usage = Some(Usage {
            input: Some(tokens),
            total: Some(tokens),
            estimated: true,
            ..Usage::default()
        });
    }
}

#[cfg(test)]
mod tests;
