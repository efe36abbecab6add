use std::{borrow::Cow, fmt};

use gateway_core::config::{ConfigError, Named};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

use crate::{
    catalog::{Price, Prices, Rates},
    edge::StreamCost,
    models::target,
};

/// What models cost: `builtin`, `disabled`, or one of them with prices of one's own.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PricesConfig(PriceListConfig);

/// A list and what is different in it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceListConfig {
    /// Where prices come from that are not given here. Defaults to `builtin`.
    #[serde(default)]
    pub from: PriceSourceConfig,
    /// Prices by target, `provider/model`.
    #[serde(default)]
    pub models: Named<PriceConfig>,
}

/// Where prices come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceSourceConfig {
    /// The list that comes with the gateway.
    #[default]
    Builtin,
    /// Nowhere: what has no price here has no cost.
    Disabled,
}

/// What a model's tokens cost, in USD per million.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceConfig {
    /// Input.
    pub input: Usd,
    /// Output. Defaults to nothing, as of models that only read.
    #[serde(default)]
    pub output: Usd,
    /// Input read from the prompt cache. Defaults to `input`.
    #[serde(default)]
    pub cached: Option<Usd>,
    /// Input written to the prompt cache for five minutes. Defaults to `input`.
    #[serde(default)]
    pub cache_write_5m: Option<Usd>,
    /// Input written to the prompt cache for an hour. Defaults to `cache_write_5m`.
    #[serde(default)]
    pub cache_write_1h: Option<Usd>,
    /// Reasoning. Defaults to `output`.
    #[serde(default)]
    pub reasoning: Option<Usd>,
    /// Sound in the input. Defaults to `input`.
    #[serde(default)]
    pub input_audio: Option<Usd>,
    /// Sound in the output. Defaults to `output`.
    #[serde(default)]
    pub output_audio: Option<Usd>,
    /// Pictures in the input. Defaults to `input`.
    #[serde(default)]
    pub input_image: Option<Usd>,
    /// Pictures in the output. Defaults to `output`.
    #[serde(default)]
    pub output_image: Option<Usd>,
    /// The price of calls with much input.
    #[serde(default)]
    pub above: Option<LongPriceConfig>,
}

/// The price of calls with more input than a threshold, in USD per million tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPriceConfig {
    /// The threshold, in tokens.
    pub tokens: u64,
    /// Input.
    pub input: Usd,
    /// Output.
    pub output: Usd,
    /// Input read from the prompt cache. Defaults to that of shorter calls.
    #[serde(default)]
    pub cached: Option<Usd>,
}

/// Which streams say what they cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamCostConfig {
    /// Those the gateway prints.
    #[default]
    Translated,
    /// Also those that pass byte for byte.
    Always,
    /// None.
    Never,
}

impl From<StreamCostConfig> for StreamCost {
    fn from(config: StreamCostConfig) -> Self {
        match config {
            StreamCostConfig::Translated => Self::Translated,
            StreamCostConfig::Always => Self::Always,
            StreamCostConfig::Never => Self::Never,
        }
    }
}

impl PricesConfig {
    /// The price list.
    ///
    /// # Errors
    ///
    /// Where a price is given for something that is no target.
    pub fn prices(&self) -> Result<Prices, ConfigError> {
        let mut prices = match self.0.from {
            PriceSourceConfig::Builtin => Prices::builtin(),
            PriceSourceConfig::Disabled => Prices::none(),
        };
        for (name, entry) in self.0.models.iter() {
            if target(name).is_alias() {
                let why = "prices belong to targets: write `provider/model`";
                return Err(ConfigError::new(format!("models.{name}"), why));
            }
            prices = prices.with(name, entry.price());
        }
        Ok(prices)
    }
}

impl PriceConfig {
    fn price(&self) -> Price {
        let micro = |usd: Option<Usd>| usd.map(|usd| usd.0);
        let mut rates = Rates::new(self.input.0, self.output.0);
        rates.cached = micro(self.cached);
        rates.cache_write_5m = micro(self.cache_write_5m);
        rates.cache_write_1h = micro(self.cache_write_1h);
        rates.reasoning = micro(self.reasoning);
        rates.input_audio = micro(self.input_audio);
        rates.output_audio = micro(self.output_audio);
        rates.input_image = micro(self.input_image);
        rates.output_image = micro(self.output_image);
        let price = Price::from(rates);
        let Some(above) = &self.above else {
            return price;
        };
        let mut rates = Rates::new(above.input.0, above.output.0);
        rates.cached = micro(above.cached);
        price.above(above.tokens, rates)
    }
}

impl<'de> Deserialize<'de> for PricesConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = PricesConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`builtin`, `disabled` or `{ from: …, models: … }`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<PricesConfig, E> {
        let from = PriceSourceConfig::deserialize(de::value::StrDeserializer::new(name))?;
        Ok(PricesConfig(PriceListConfig {
            from,
            ..PriceListConfig::default()
        }))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<PricesConfig, A::Error> {
        PriceListConfig::deserialize(MapAccessDeserializer::new(map)).map(PricesConfig)
    }
}

impl JsonSchema for PricesConfig {
    fn schema_name() -> Cow<'static, str> {
        "PricesConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let source = generator.subschema_for::<PriceSourceConfig>();
        let list = generator.subschema_for::<PriceListConfig>();
        json_schema!({ "anyOf": [source, list] })
    }
}

/// An amount of USD, to the micro-dollar: `2.50` or `$2.50`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usd(u64);

impl Usd {
    /// The amount in micro-USD.
    #[must_use]
    pub const fn micro(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('$').unwrap_or(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return None;
        }
        let fraction: u64 = format!("{fraction:0<6}").parse().ok()?;
        let whole: u64 = whole.parse().ok()?;
        let micro = whole.checked_mul(1_000_000)?.checked_add(fraction)?;
        (micro <= MOST).then_some(Self(micro))
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UsdVisitor)
    }
}

struct UsdVisitor;

impl de::Visitor<'_> for UsdVisitor {
    type Value = Usd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in USD such as `2.50` or `$2.50`, with six decimals at most")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Usd, E> {
        Usd::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Usd, E> {
        let micro = whole.checked_mul(1_000_000).filter(|micro| *micro <= MOST);
        micro
            .map(Usd)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(whole), &self))
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Usd, E> {
        match u64::try_from(whole) {
            Ok(whole) => self.visit_u64(whole),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(whole), &self)),
        }
    }

    /// The shortest text that is this number is what stands in the file.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Usd, E> {
        Usd::parse(&number.to_string())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
    }
}

impl JsonSchema for Usd {
    fn schema_name() -> Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An amount of USD, to the micro-dollar",
            "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string", "pattern": "^\\$?[0-9]+(\\.[0-9]{1,6})?$" },
            ],
            "examples": [2.5, "$2.50"],
        })
    }
}

/// $1,000,000: more is a slip.
const MOST: u64 = 1_000_000_000_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, micro) in [
            (json!(2.5), 2_500_000),
            (json!(0.15), 150_000),
            (json!(0.000001), 1),
            (json!(3), 3_000_000),
            (json!("$0.075"), 75_000),
            (json!("10"), 10_000_000),
        ] {
            let usd: Usd = serde_json::from_value(text.clone()).unwrap();
            assert_eq!(usd.micro(), micro, "{text}");
        }
        for wrong in [
            json!(-1),
            json!(0.000_000_1),
            json!(1e30),
            json!("$"),
            json!("1.2.3"),
            json!("2,50"),
            json!("$1/month"),
            json!(true),
        ] {
            assert!(
                serde_json::from_value::<Usd>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_list_has_three_forms() {
        let list = |config| -> Prices {
            let config: PricesConfig = serde_json::from_value(config).unwrap();
            config.prices().unwrap()
        };
        assert!(list(json!("builtin")).has_builtin());
        assert!(!list(json!("disabled")).has_builtin());
        let own = list(json!({ "models": { "x/m": { "input": 1, "above": {
            "tokens": 10, "input": 2, "output": 3, "cached": 0.5 } } } }));
        assert!(own.has_builtin());
        let price = own.of("x/m", "openai").unwrap();
        assert_eq!(price.rates, Rates::new(1_000_000, 0));
        let (threshold, long) = price.long.unwrap();
        assert_eq!((threshold, long.cached), (10, Some(500_000)));
    }

    #[test]
    fn faults() {
        for wrong in [
            json!("mine"),
            json!({ "form": "builtin" }),
            json!({ "models": { "x/m": {} } }),
            json!({ "models": { "x/m": { "input": 1, "ouput": 2 } } }),
        ] {
            assert!(
                serde_json::from_value::<PricesConfig>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
        let alias = json!({ "models": { "fast": { "input": 1 } } });
        let alias: PricesConfig = serde_json::from_value(alias).unwrap();
        assert_eq!(alias.prices().unwrap_err().path(), "models.fast");
    }
}
