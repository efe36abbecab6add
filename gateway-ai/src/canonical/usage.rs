use super::Extra;

/// Tokens by class. Classes are disjoint where a price list has them apart: `input` excludes what
/// was read from or written to the prompt cache. `output` includes `reasoning`.
///
/// Absent is not zero: a provider that says nothing about caching has not said "none".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to the cache.
    pub input: Option<u64>,
    /// Input tokens read from the cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to the cache, all lifetimes.
    pub cache_write: Option<u64>,
    /// Of those, with a lifetime of five minutes.
    pub cache_write_5m: Option<u64>,
    /// Of those, with a lifetime of one hour.
    pub cache_write_1h: Option<u64>,
    /// Output tokens, reasoning included.
    pub output: Option<u64>,
    /// Of those, reasoning.
    pub reasoning: Option<u64>,
    /// Of the input, audio.
    pub input_audio: Option<u64>,
    /// Of the input, images.
    pub input_image: Option<u64>,
    /// Of the output, audio.
    pub output_audio: Option<u64>,
    /// Of the output, images.
    pub output_image: Option<u64>,
    /// Predicted tokens that were used.
    pub accepted_prediction: Option<u64>,
    /// Predicted tokens that were not.
    pub rejected_prediction: Option<u64>,
    /// Searches the provider made on the model's behalf.
    pub web_searches: Option<u64>,
    /// The total as the provider counts it.
    pub total: Option<u64>,
    /// Whether the numbers are an estimate of ours.
    pub estimated: bool,
    /// Fields without a name here, in the spelling of the reply's dialect.
    pub extra: Extra,
}

impl Usage {
    /// All input tokens, cached ones included.
    #[must_use]
    pub fn prompt(&self) -> Option<u64> {
        let parts = [self.input, self.cache_read, self.cache_write];
        if parts.iter().all(Option::is_none) {
            return None;
        }
        Some(parts.into_iter().flatten().fold(0, u64::saturating_add))
    }

    /// The provider's total, or the sum of prompt and output where it gave none.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
            .or_else(|| Some(self.prompt()?.saturating_add(self.output?)))
    }

    /// Whether the provider's total is another than the sum of its parts. The total is what is
    /// trusted, and the difference worth a look.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        let sum = self.prompt().zip(self.output);
        let sum = sum.map(|(prompt, output)| prompt.saturating_add(output));
        matches!((self.total, sum), (Some(total), Some(sum)) if total != sum)
    }

    /// Takes over every count the other has: stream counters are cumulative, so a later value
    /// replaces an earlier one and an absent one leaves it.
    pub fn merge(&mut self, later: Self) {
        let set = |mine: &mut Option<u64>, theirs: Option<u64>| {
            if theirs.is_some() {
                *mine = theirs;
            }
        };
        set(&mut self.input, later.input);
        set(&mut self.cache_read, later.cache_read);
        set(&mut self.cache_write, later.cache_write);
        set(&mut self.cache_write_5m, later.cache_write_5m);
        set(&mut self.cache_write_1h, later.cache_write_1h);
        set(&mut self.output, later.output);
        set(&mut self.reasoning, later.reasoning);
        set(&mut self.input_audio, later.input_audio);
        set(&mut self.input_image, later.input_image);
        set(&mut self.output_audio, later.output_audio);
        set(&mut self.output_image, later.output_image);
        set(&mut self.accepted_prediction, later.accepted_prediction);
        set(&mut self.rejected_prediction, later.rejected_prediction);
        set(&mut self.web_searches, later.web_searches);
        set(&mut self.total, later.total);
        self.estimated = later.estimated;
        self.extra.merge(later.extra);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_cumulative_and_absent_is_not_zero() {
        let mut usage = Usage {
            input: Some(10),
            output: Some(1),
            ..Usage::default()
        };
        usage.merge(Usage {
            output: Some(7),
            cache_read: Some(3),
            ..Usage::default()
        });
        assert_eq!(usage.input, Some(10));
        assert_eq!(usage.output, Some(7));
        assert_eq!(usage.prompt(), Some(13));
        assert_eq!(usage.cache_write, None);
    }

    #[test]
    fn a_total_that_is_not_the_sum_is_noticed_and_trusted() {
        let counted = |total| Usage {
            input: Some(10),
            cache_read: Some(5),
            output: Some(7),
            total,
            ..Usage::default()
        };
        assert!(!counted(Some(22)).disagrees() && !counted(None).disagrees());
        assert!(counted(Some(23)).disagrees());
        assert_eq!(counted(Some(23)).total(), Some(23));
        let alone = Usage {
            total: Some(9),
            ..Usage::default()
        };
        assert!(!alone.disagrees());
    }

    #[test]
    fn nothing_known_is_nothing() {
        assert_eq!(Usage::default().prompt(), None);
        assert_eq!(Usage::default().total(), None);
    }
}
