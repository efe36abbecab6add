use bytes::Bytes;
use serde::Deserialize;

use super::{AiCall, Operation};
use crate::{
    canonical::{Reply, Usage},
    dialect::{Dialect, Restore},
    error::AiError,
    json::{BYTE_ORDER_MARK, Member, Members},
};

/// A whole answer: the provider's bytes, and what they mean where someone had to know.
#[derive(Clone, Debug)]
pub struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) reply: Option<Box<Reply>>,
    pub(crate) usage: Option<Box<Usage>>,
}

impl Whole {
    /// Bytes of which nothing is known.
    pub(crate) const fn opaque(bytes: Bytes) -> Self {
        Self {
            bytes,
            reply: None,
            usage: None,
        }
    }

    /// An answer of the gateway's own making.
    pub(crate) fn made(text: String, usage: Option<Usage>) -> Self {
        Self {
            usage: usage.map(Box::new),
            ..Self::opaque(Bytes::from(text))
        }
    }

    /// Reads an answer as far as the call needs it: what is passed on as it is only gets a glance.
    ///
    /// # Errors
    ///
    /// Where the bytes are no answer: an error object under status 200, or no JSON of that dialect. What
    /// the provider has counted all the same stands beside.
    pub(crate) fn read(
        bytes: Bytes,
        dialect: Dialect,
        call: &AiCall,
        restore: &Restore,
    ) -> Result<Self, (AiError, Option<Box<Usage>>)> {
        // Nobody is to send it, and whoever reads JSON may pass over it (RFC 8259 §8.1): it is not
        // sent on.
        let bytes = match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => bytes.slice_ref(text),
            None => bytes,
        };
        match call.operation() {
            Operation::Chat => {}
            Operation::Pass(_) => {
                return Ok(Self {
                    usage: passed_usage(&bytes).map(Box::new),
                    ..Self::opaque(bytes)
                });
            }
            Operation::CountTokens => return Ok(Self::opaque(bytes)),
        }
        if call.dialect() == dialect
            && restore.is_empty()
            && let Some(usage) = glance(dialect, &bytes)
        {
            return Ok(Self {
                usage: usage.map(Box::new),
                ..Self::opaque(bytes)
            });
        }
        let mut reply = dialect
            .parse_reply(&bytes)
            .map_err(|error| (error, counted(dialect, &bytes).map(Box::new)))?;
        restore.reply(&mut reply);
        Ok(Self {
            bytes,
            usage: reply.usage.clone().map(Box::new),
            reply: Some(Box::new(reply)),
        })
    }

    /// The provider's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What the provider counted.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_deref()
    }

    /// What the answer means.
    ///
    /// # Errors
    ///
    /// Where the bytes make no sense in the provider's dialect.
    pub fn into_reply(self, dialect: Dialect) -> Result<Reply, AiError> {
        match self.reply {
            Some(reply) => Ok(*reply),
            None => dialect.parse_reply(&self.bytes),
        }
    }
}

/// The counts of an answer that looks like one; `None` where only a parser can tell what it is.
fn glance(dialect: Dialect, bytes: &[u8]) -> Option<Option<Usage>> {
    let (mut usage, mut content) = (None, false);
    let mut members = Members::of(bytes).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        let text = || members.text(&value);
        match &*key {
            "error" if text() != "null" => return None,
            // `choices` of Chat, `output` of Responses, `content` of Messages: what every answer has.
            "choices" | "output" | "content" => content = text().starts_with('['),
            "usage" => usage = Some(text()).filter(|text| *text != "null"),
            _ => {}
        }
    }
    match usage {
        _ if !content => None,
        Some(usage) => Some(dialect.read_usage(usage)),
        None => Some(None),
    }
}

/// The counts of what need be no answer: providers charge for failures too.
pub(crate) fn counted(dialect: Dialect, bytes: &[u8]) -> Option<Usage> {
    if dialect == Dialect::Gemini {
        return passed_usage(bytes);
    }
    let mut members = Members::of(bytes).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        if key == "usage" {
            return dialect.read_usage(members.text(&value));
        }
    }
    None
}

/// The counts of an operation that is passed on: they have the names of Chat or, for vectors, of
/// Gemini, where there are any.
fn passed_usage(bytes: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Answer {
        usage: Option<Counts>,
        #[serde(rename = "usageMetadata")]
        gemini: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(rename = "promptTokenCount")]
        prompt: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Counts {
        prompt_tokens: Option<u64>,
        completion_tokens: Option<u64>,
        input_tokens: Option<u64>,
        output_tokens: Option<u64>,
        total_tokens: Option<u64>,
    }
    let answer = serde_json::from_slice::<Answer>(bytes).ok()?;
    let Some(counts) = answer.usage else {
        let prompt = answer.gemini?.prompt;
        return Some(Usage {
            input: prompt,
            total: prompt,
            ..Usage::default()
        });
    };
    Some(Usage {
        input: counts.prompt_tokens.or(counts.input_tokens),
        output: counts.completion_tokens.or(counts.output_tokens),
        total: counts.total_tokens,
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_tells_answers_from_what_needs_a_parser() {
        let chat = br#"{"choices":[{"message":{"usage":1}}],"error":null,"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        let usage = glance(Dialect::Chat, chat).unwrap().unwrap();
        assert_eq!((usage.input, usage.output), (Some(3), Some(2)));
        let messages = br#"{"type":"message","content":[],"usage":{"input_tokens":3,"cache_read_input_tokens":9}}"#;
        let usage = glance(Dialect::Messages, messages).unwrap().unwrap();
        assert_eq!((usage.input, usage.cache_read), (Some(3), Some(9)));
        for uncounted in [r#"{"choices":[]}"#, r#"{"choices":[],"usage":null}"#] {
            assert_eq!(glance(Dialect::Chat, uncounted.as_bytes()), Some(None));
        }
        for odd in [
            "",
            "[]",
            "{}",
            r#"{"choices":{}}"#,
            r#"{"error":{"message":"x"},"choices":[]}"#,
        ] {
            assert_eq!(glance(Dialect::Chat, odd.as_bytes()), None, "{odd}");
        }
    }
}
