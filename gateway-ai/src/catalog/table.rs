//! The table of models: a text, one line each.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;

use super::{Abilities, Model, Price, Rates, Task};

/// The month the built-in prices are of.
pub const DATE: &str = "2026-11";

/// Every known model, by vendor and name.
pub fn all() -> impl Iterator<Item = &'static Model> {
    TABLE.iter()
}

/// The model of this name at this vendor.
#[must_use]
pub fn find(vendor: &str, model: &str) -> Option<&'static Model> {
    INDEX.get(&(vendor, model)).copied()
}

/// Text rather than code: nothing of it is touched until somebody asks, and a price is changed
/// without knowing Rust.
static TEXT: &str = include_str!("models.tsv");

static TABLE: LazyLock<Box<[Model]>> = LazyLock::new(|| read(TEXT).flatten().collect());

/// Every call is priced, and so looked up here.
static INDEX: LazyLock<HashMap<(&str, &str), &Model, RandomState>> = LazyLock::new(|| {
    let models = TABLE.iter();
    models
        .map(|model| ((model.vendor, model.name), model))
        .collect()
});

/// The lines of a table, `None` for one that makes no sense.
fn read(text: &'static str) -> impl Iterator<Item = Option<Model>> {
    let mut vendor = "";
    text.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix('@') {
            vendor = name;
            return None;
        }
        (!line.starts_with('#')).then(|| model(vendor, line))
    })
}

fn model(vendor: &'static str, line: &'static str) -> Option<Model> {
    let mut columns = line.split('\t');
    let (name, task) = (columns.next()?, Task::parse(columns.next()?)?);
    let mut next = || number(columns.next().unwrap_or("-"));
    let (context, max_output) = (next()?, next()?);
    let abilities = match columns.next() {
        None | Some("-") => Abilities::default(),
        Some(letters) => Abilities::parse(letters)?,
    };
    let mut next = || number(columns.next().unwrap_or("-"));
    let rates = Rates {
        input: next()?,
        cached: next()?,
        cache_write_5m: next()?,
        cache_write_1h: next()?,
        output: next()?,
        reasoning: next()?,
        input_audio: next()?,
        output_audio: next()?,
        input_image: next()?,
        output_image: next()?,
    };
    let price = match columns.next() {
        None => Price::from(rates),
        Some(tier) => long(Price::from(rates), tier)?,
    };
    Some(Model {
        vendor,
        name,
        task,
        context,
        max_output,
        abilities,
        price,
    })
}

/// `threshold=input,cached,write 5m,write 1h,output`
fn long(price: Price, tier: &str) -> Option<Price> {
    let (threshold, rates) = tier.split_once('=')?;
    let mut rates = rates.split(',').map(number);
    let mut next = || rates.next().flatten();
    let rates = Rates {
        input: next()?,
        cached: next()?,
        cache_write_5m: next()?,
        cache_write_1h: next()?,
        output: next()?,
        ..Rates::default()
    };
    Some(price.above(threshold.parse().ok()?, rates))
}

/// A number, or `-` for one that is not known.
#[expect(
    clippy::option_option,
    reason = "not a number, not known, known: three cases"
)]
fn number(text: &str) -> Option<Option<u64>> {
    match text {
        "-" => Some(None),
        digits => digits.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::catalog::Ability;

    #[test]
    fn every_line_is_read() {
        for (line, model) in read(TEXT).enumerate() {
            assert!(model.is_some(), "line {line} below the headings");
        }
        assert!(all().count() > 500);
    }

    #[test]
    fn the_table_is_sorted_and_has_nobody_twice() {
        let keys: Vec<_> = all().map(|model| (model.vendor, model.name)).collect();
        assert!(keys.is_sorted());
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn every_model_has_a_plausible_price() {
        for model in all() {
            let rates = model.price.rates;
            assert!(rates.input.is_some(), "{model:?}");
            // $700 a million is dearer than anything on any list.
            let dear = [rates.input, rates.cached, rates.output]
                .into_iter()
                .flatten()
                .max();
            assert!(dear < Some(700_000_000), "{model:?}");
            assert!(rates.cached <= rates.input, "{model:?}");
            if let Some((threshold, long)) = model.price.long {
                assert!(threshold >= 1000 && long.input >= rates.input, "{model:?}");
            }
        }
    }

    #[test]
    fn what_people_ask_for_is_there() {
        for (vendor, name) in [
            ("openai", "gpt-4o"),
            ("openai", "gpt-5.1"),
            ("openai", "text-embedding-3-small"),
            ("anthropic", "claude-sonnet-4-5"),
            ("gemini", "gemini-2.5-flash"),
            ("bedrock", "amazon.nova-lite-v1:0"),
            ("mistral", "mistral-small-latest"),
            ("groq", "openai/gpt-oss-120b"),
            ("deepseek", "deepseek-v4-flash"),
            ("cohere", "embed-english-v3.0"),
        ] {
            assert!(find(vendor, name).is_some(), "{vendor}/{name}");
        }
        assert!(find("openai", "claude-sonnet-4-5").is_none());
        let haiku = find("anthropic", "claude-haiku-4-5").unwrap();
        assert_eq!(haiku.price.rates.cache_write_1h, Some(2_000_000));
        assert!(haiku.abilities.has(Ability::Images) && !haiku.abilities.has(Ability::Audio));
        assert_eq!(haiku.task, Task::Chat);
        let pro = find("gemini", "gemini-2.5-pro")
            .unwrap()
            .price
            .long
            .unwrap();
        assert_eq!((pro.0, pro.1.input), (200_000, Some(2_500_000)));
    }
}
