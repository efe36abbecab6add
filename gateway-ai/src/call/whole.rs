use bytes::Bytes;

use super::{AiCall, Operation};
use crate::{
    canonical::{Reply, Usage},
    dialect::{Dialect, Restore},
    error::AiError,
};

/// A whole answer: the provider's bytes, and what they mean where someone had to know.
#[derive(Clone, Debug)]
pub struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) reply: Option<Box<Reply>>,
}

impl Whole {
    /// Reads an answer as far as the call needs it.
    ///
    /// # Errors
    ///
    /// Where the bytes are no answer: an error object under status 200, or no JSON of that dialect.
    pub(crate) fn read(
        bytes: Bytes,
        dialect: Dialect,
        call: &AiCall,
        restore: &Restore,
    ) -> Result<Self, AiError> {
        if call.operation() != Operation::Chat {
            return Ok(Self { bytes, reply: None });
        }
        let mut reply = dialect.parse_reply(&bytes)?;
        restore.reply(&mut reply);
        Ok(Self {
            bytes,
            reply: Some(Box::new(reply)),
        })
    }

    /// The provider's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What the answer means, where it is one of a conversation.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_deref()
    }

    /// What the answer says was used.
    pub(crate) fn usage(&self, dialect: Dialect, operation: Operation) -> Option<Usage> {
        match (&self.reply, operation) {
            (Some(reply), _) => reply.usage.clone(),
            (None, Operation::Pass(_)) if dialect == Dialect::Chat => passed_usage(&self.bytes),
            _ => None,
        }
    }
}

/// The counts of an operation that is passed on: they have the names of Chat, where there are any.
fn passed_usage(bytes: &[u8]) -> Option<Usage> {
    #[derive(serde::Deserialize)]
    struct Answer {
        usage: Option<Counts>,
    }
    #[derive(serde::Deserialize)]
    struct Counts {
        prompt_tokens: Option<u64>,
        completion_tokens: Option<u64>,
        input_tokens: Option<u64>,
        output_tokens: Option<u64>,
        total_tokens: Option<u64>,
    }
    let counts = serde_json::from_slice::<Answer>(bytes).ok()?.usage?;
    Some(Usage {
        input: counts.prompt_tokens.or(counts.input_tokens),
        output: counts.completion_tokens.or(counts.output_tokens),
        total: counts.total_tokens,
        ..Usage::default()
    })
}
