use crate::{
    canonical::{Event, Stop, Usage},
    dialect::Dialect,
    error::AiError,
};

/// What was seen of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The provider's id.
    pub id: String,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// Tokens counted so far.
    pub usage: Option<Usage>,
    /// Why the first choice ended.
    pub stop: Option<Stop>,
    /// The error the provider reported, or the truncation that was found.
    pub error: Option<AiError>,
    complete: bool,
    committed: bool,
}

impl Reading {
    /// Reads a whole reply.
    ///
    /// # Errors
    ///
    /// What the dialect's parser says of it: an error with status 200 is one.
    pub fn of_reply(dialect: Dialect, body: &[u8]) -> Result<Self, AiError> {
        let reply = dialect.parse_reply(body)?;
        Ok(Self {
            id: reply.id,
            model: reply.model,
            usage: reply.usage,
            stop: reply
                .choices
                .into_iter()
                .next()
                .and_then(|choice| choice.stop),
            error: None,
            complete: true,
            committed: true,
        })
    }

    /// Whether the dialect's terminal event was seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether anything was seen that a client would show: from here on there is no going back to
    /// another target.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.committed
    }

    pub(super) fn take(&mut self, event: Event) {
        self.committed |= event.is_meaningful();
        match event {
            Event::Start(start) => {
                self.id = start.id;
                self.model = start.model;
                self.count(start.usage);
            }
            Event::Usage(usage) => self.count(Some(usage)),
            Event::Stop { choice: 0, stop } => self.stop = Some(stop),
            Event::Error(error) => self.error = Some(error),
            Event::End => self.complete = true,
            _ => {}
        }
    }

    fn count(&mut self, usage: Option<Box<Usage>>) {
        if let Some(usage) = usage {
            self.usage.get_or_insert_with(Usage::default).merge(*usage);
        }
    }
}
