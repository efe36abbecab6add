use compact_str::CompactString;

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The meaning.
    pub reason: StopReason,
    /// The provider's own word, for logs and for printing the same dialect; never shown to a client
    /// of another one.
    pub raw: Option<CompactString>,
    /// The text that ended it, where the provider says which.
    pub sequence: Option<String>,
}

impl Stop {
    /// The answer holds the model's refusal. What was cut short or filtered besides stays so.
    pub(crate) fn refused(&mut self) {
        if self.reason == StopReason::End {
            self.reason = StopReason::Refusal;
        }
    }

    /// A reason without the provider's word.
    #[must_use]
    pub const fn new(reason: StopReason) -> Self {
        Self {
            reason,
            raw: None,
            sequence: None,
        }
    }
}

/// The meaning of a stop reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The model was done.
    End,
    /// A stop text was met.
    StopSequence,
    /// The output limit was met.
    Length,
    /// The context window was full.
    ContextFull,
    /// The model wants tools called.
    ToolUse,
    /// A content filter.
    Filter,
    /// The model declined, in words that are set apart from an answer.
    Refusal,
    /// Text too close to a source.
    Recitation,
    /// The model wrote a call that cannot be read.
    MalformedCall,
    /// A long turn was paused and can be continued.
    Pause,
    /// A word nobody has told us; the raw value says which.
    Other,
}
