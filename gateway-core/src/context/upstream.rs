use std::{sync::Arc, time::Duration};

/// Who answered: the upstream, its endpoint, and how long it took.
///
/// In response extensions, for logs and metrics. It never reaches the client.
/// A clone is a reference count: whoever sends requests to an endpoint makes one and clones it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    who: Arc<Who>,
    attempts: u32,
    first_byte: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
struct Who {
    name: Arc<str>,
    endpoint: Arc<str>,
}

impl Upstream {
    /// `endpoint` of the upstream `name` answered at the first attempt.
    #[must_use]
    pub fn new(name: Arc<str>, endpoint: Arc<str>) -> Self {
        Self {
            who: Arc::new(Who { name, endpoint }),
            attempts: 1,
            first_byte: None,
        }
    }

    /// Sets how many attempts it took.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the time from sending the request to the response head.
    #[must_use]
    pub const fn with_first_byte(mut self, first_byte: Duration) -> Self {
        self.first_byte = Some(first_byte);
        self
    }

    /// The name given to the upstream by its author.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.who.name
    }

    /// The endpoint, `scheme://host:port`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.who.endpoint
    }

    /// The attempts it took, from one.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time from sending the request to the response head.
    #[must_use]
    pub const fn first_byte(&self) -> Option<Duration> {
        self.first_byte
    }
}

/// What a model call used: tokens by class, and money.
///
/// `None` is "not told", which is not zero. Input excludes what was read from or written to the
/// provider's prompt cache; reasoning is part of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Input tokens billed at the full price.
    pub input: Option<u64>,
    /// Input tokens read from the provider's prompt cache.
    pub cached_read: Option<u64>,
    /// Input tokens written to the provider's prompt cache.
    pub cache_write: Option<u64>,
    /// Output tokens, reasoning included.
    pub output: Option<u64>,
    /// Output tokens spent on reasoning.
    pub reasoning: Option<u64>,
    /// Cost in micro-USD.
    pub cost_micro_usd: Option<u64>,
    /// Whether the counts were estimated by the gateway rather than told by the provider.
    pub estimated: bool,
    /// Whether the provider's total is another than the sum of its parts: one of them is wrong, or
    /// stands for something that has no name here.
    pub disagrees: bool,
}

impl Usage {
    /// Both together; what neither was told stays unknown.
    #[must_use]
    pub fn plus(mut self, more: &Self) -> Self {
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut self.input, more.input);
        add(&mut self.cached_read, more.cached_read);
        add(&mut self.cache_write, more.cache_write);
        add(&mut self.output, more.output);
        add(&mut self.reasoning, more.reasoning);
        add(&mut self.cost_micro_usd, more.cost_micro_usd);
        self.estimated |= more.estimated;
        self.disagrees |= more.disagrees;
        self
    }

    /// All input tokens, cached or not; `None` if none of them was told.
    #[must_use]
    pub fn total_input(&self) -> Option<u64> {
        let parts = [self.input, self.cached_read, self.cache_write];
        parts
            .iter()
            .any(Option::is_some)
            .then(|| parts.into_iter().flatten().sum())
    }
}
