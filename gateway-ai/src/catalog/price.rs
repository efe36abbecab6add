/// What a model's tokens cost, in micro-USD per million of them.
///
/// See [the module](super) for how calls are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Price {
    /// The rates of a call of ordinary length.
    pub rates: Rates,
    /// Input tokens above which the whole call is charged at other rates, and those.
    pub long: Option<(u64, Rates)>,
}

/// The rates of each class of tokens. `None` is charged as the class it is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rates {
    /// Input that was neither read from nor written to the prompt cache.
    pub input: Option<u64>,
    /// Input read from the prompt cache.
    pub cached: Option<u64>,
    /// Input written to the prompt cache for five minutes, or for a time that was not told.
    pub cache_write_5m: Option<u64>,
    /// Input written to the prompt cache for an hour.
    pub cache_write_1h: Option<u64>,
    /// Output.
    pub output: Option<u64>,
    /// Reasoning.
    pub reasoning: Option<u64>,
    /// Sound in the input.
    pub input_audio: Option<u64>,
    /// Sound in the output.
    pub output_audio: Option<u64>,
    /// Pictures in the input.
    pub input_image: Option<u64>,
    /// Pictures in the output.
    pub output_image: Option<u64>,
}

impl Rates {
    /// Rates of input and output.
    #[must_use]
    pub fn new(input: u64, output: u64) -> Self {
        Self {
            input: Some(input),
            output: Some(output),
            ..Self::default()
        }
    }
}

impl Price {
    /// A price by input and output alone, in micro-USD per million tokens.
    #[must_use]
    pub fn new(input: u64, output: u64) -> Self {
        Self::from(Rates::new(input, output))
    }

    /// Charges calls with more input than `threshold` tokens, cached ones included, at these rates.
    ///
    /// A class that `rates` leave out keeps the rate it has in shorter calls.
    #[must_use]
    pub fn above(mut self, threshold: u64, rates: Rates) -> Self {
        let base = self.rates;
        let rates = Rates {
            input: rates.input.or(base.input),
            cached: rates.cached.or(base.cached),
            cache_write_5m: rates.cache_write_5m.or(base.cache_write_5m),
            cache_write_1h: rates.cache_write_1h.or(base.cache_write_1h),
            output: rates.output.or(base.output),
            reasoning: rates.reasoning.or(base.reasoning),
            input_audio: rates.input_audio.or(base.input_audio),
            output_audio: rates.output_audio.or(base.output_audio),
            input_image: rates.input_image.or(base.input_image),
            output_image: rates.output_image.or(base.output_image),
        };
        self.long = Some((threshold, rates));
        self
    }
}

impl From<Rates> for Price {
    fn from(rates: Rates) -> Self {
        Self { rates, long: None }
    }
}
