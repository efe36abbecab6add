//! What a call costs: sums of products, and one rounding.

use super::{Price, Rates};
use crate::canonical::Usage;

impl Price {
    /// What a call costs in micro-USD, rounded up; `None` where tokens were counted that have no
    /// rate, or nothing was counted at all.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<u64> {
        usage.prompt().or(usage.output)?;
        let rates = match &self.long {
            Some((threshold, rates)) if usage.prompt().is_some_and(|n| n > *threshold) => rates,
            _ => &self.rates,
        };
        let mut bill = Bill::default();
        bill.input(usage, rates)?;
        bill.output(usage, rates)?;
        Some(bill.rounded_up())
    }
}

/// Micro-USD times a million.
#[derive(Default)]
struct Bill(u128);

impl Bill {
    /// Adds tokens of a class. A product of two `u64` fits and there are ten of them at most, so
    /// only the sum has to be watched.
    fn add(&mut self, tokens: u64, rate: Option<u64>) -> Option<()> {
        if tokens == 0 {
            return Some(());
        }
        let product = u128::from(tokens) * u128::from(rate?);
        self.0 = self.0.saturating_add(product);
        Some(())
    }

    fn input(&mut self, usage: &Usage, rates: &Rates) -> Option<()> {
        let mut text = usage.input.unwrap_or(0);
        // Sound and pictures are counted among the input; how much of them was cached is not told,
        // so no more of them is charged apart than there is uncached input.
        for (tokens, rate) in [
            (usage.input_audio, rates.input_audio),
            (usage.input_image, rates.input_image),
        ] {
            self.part(&mut text, tokens, rate)?;
        }
        self.add(text, rates.input)?;
        self.add(usage.cache_read.unwrap_or(0), rates.cached.or(rates.input))?;
        let short = rates.cache_write_5m.or(rates.input);
        let written = usage.cache_write.unwrap_or(0);
        let hour = usage.cache_write_1h.unwrap_or(0).min(written);
        self.add(hour, rates.cache_write_1h.or(short))?;
        self.add(written - hour, short)
    }

    fn output(&mut self, usage: &Usage, rates: &Rates) -> Option<()> {
        let mut text = usage.output.unwrap_or(0);
        for (tokens, rate) in [
            (usage.reasoning, rates.reasoning),
            (usage.output_audio, rates.output_audio),
            (usage.output_image, rates.output_image),
        ] {
            self.part(&mut text, tokens, rate)?;
        }
        self.add(text, rates.output)
    }

    /// Charges a part of `whole` apart, if it has a rate of its own.
    fn part(&mut self, whole: &mut u64, tokens: Option<u64>, rate: Option<u64>) -> Option<()> {
        if rate.is_none() {
            return Some(());
        }
        let tokens = tokens.unwrap_or(0).min(*whole);
        *whole -= tokens;
        self.add(tokens, rate)
    }

    fn rounded_up(&self) -> u64 {
        u64::try_from(self.0.div_ceil(MILLION)).unwrap_or(u64::MAX)
    }
}

const MILLION: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price() -> Price {
        Price::from(Rates {
            cached: Some(100_000),
            cache_write_5m: Some(1_250_000),
            cache_write_1h: Some(2_000_000),
            input_audio: Some(3_000_000),
            output_audio: Some(20_000_000),
            ..Rates::new(1_000_000, 5_000_000)
        })
    }

    fn usage(edit: impl FnOnce(&mut Usage)) -> Usage {
        let mut usage = Usage::default();
        edit(&mut usage);
        usage
    }

    #[test]
    fn classes_are_charged_apart() {
        let pair = |u: &mut Usage| (u.input, u.output) = (Some(10), Some(2));
        let sound = |u: &mut Usage| (u.input, u.input_audio) = (Some(10), Some(4));
        let too_much = |u: &mut Usage| (u.input, u.input_audio) = (Some(2), Some(9));
        let spoken = |u: &mut Usage| (u.output, u.output_audio) = (Some(3), Some(1));
        let thought = |u: &mut Usage| (u.output, u.reasoning) = (Some(3), Some(2));
        let hour = |u: &mut Usage| (u.cache_write, u.cache_write_1h) = (Some(8), Some(4));
        for (usage, cost) in [
            (usage(|u| u.input = Some(1)), Some(1)),
            (usage(pair), Some(20)),
            // A tenth of a micro-dollar is one.
            (usage(|u| u.cache_read = Some(1)), Some(1)),
            (usage(|u| u.cache_read = Some(100)), Some(10)),
            (usage(|u| u.cache_write = Some(8)), Some(10)),
            (usage(hour), Some(13)),
            (usage(sound), Some(18)),
            // More sound than input cannot be.
            (usage(too_much), Some(6)),
            (usage(spoken), Some(30)),
            // Reasoning has no rate of its own and is part of the output.
            (usage(thought), Some(15)),
            (Usage::default(), None),
        ] {
            assert_eq!(price().cost(&usage), cost, "{usage:?}");
        }
    }

    #[test]
    fn long_calls_are_charged_whole_at_their_rates() {
        let price = price().above(
            200,
            Rates {
                input: Some(2_000_000),
                ..Rates::default()
            },
        );
        let usage = |input, cached| Usage {
            input: Some(input),
            cache_read: Some(cached),
            ..Usage::default()
        };
        assert_eq!(price.cost(&usage(200, 0)), Some(200));
        assert_eq!(
            price.cost(&usage(191, 10)),
            Some(383),
            "cached input is input"
        );
    }

    #[test]
    fn what_has_no_rate_has_no_cost() {
        let input_only = Price::from(Rates {
            input: Some(7),
            ..Rates::default()
        });
        let usage = Usage {
            input: Some(1),
            output: Some(1),
            ..Usage::default()
        };
        assert_eq!(input_only.cost(&usage), None);
        let embedding = Usage {
            input: Some(1),
            output: Some(0),
            ..Usage::default()
        };
        assert_eq!(input_only.cost(&embedding), Some(1));
        assert_eq!(Price::default().cost(&usage), None);
    }

    fn tokens() -> impl Strategy<Value = Option<u64>> {
        prop_oneof![
            Just(None),
            (0..3_000_000_u64).prop_map(Some),
            any::<u64>().prop_map(Some)
        ]
    }

    prop_compose! {
        fn usages()(
            counts in proptest::array::uniform10(tokens()),
        ) -> Usage {
            let [input, cache_read, cache_write, cache_write_1h, output, reasoning,
                 input_audio, input_image, output_audio, output_image] = counts;
            Usage {
                input, cache_read, cache_write, cache_write_1h, output, reasoning,
                input_audio, input_image, output_audio, output_image,
                ..Usage::default()
            }
        }
    }

    prop_compose! {
        fn rates()(r in proptest::array::uniform10(tokens())) -> Rates {
            Rates {
                input: r[0], cached: r[1], cache_write_5m: r[2], cache_write_1h: r[3],
                output: r[4], reasoning: r[5], input_audio: r[6], output_audio: r[7],
                input_image: r[8], output_image: r[9],
            }
        }
    }

    proptest! {
        #[test]
        fn any_usage_at_any_rate_has_a_cost_or_none(usage in usages(), rates in rates()) {
            let _ = Price::from(rates).above(1000, rates).cost(&usage);
        }

        #[test]
        fn one_rate_for_all_is_tokens_times_rate(usage in usages(), rate in 0..u64::MAX) {
            let price = Price::new(rate, rate);
            let tokens = [usage.input, usage.cache_read, usage.cache_write, usage.output];
            let total: u128 = tokens.into_iter().flatten().map(u128::from).sum();
            let exact = total.saturating_mul(u128::from(rate)).div_ceil(MILLION);
            let expected = u64::try_from(exact).unwrap_or(u64::MAX);
            let counted = usage.prompt().or(usage.output).is_some();
            prop_assert_eq!(price.cost(&usage), counted.then_some(expected));
        }

        #[test]
        fn more_output_never_costs_less(usage in usages(), rate in 0..u64::MAX, more in any::<u64>()) {
            let mut larger = usage.clone();
            larger.output = Some(usage.output.unwrap_or(0).saturating_add(more));
            let price = Price::new(rate, rate);
            prop_assert!(price.cost(&larger) >= price.cost(&usage));
        }
    }
}
