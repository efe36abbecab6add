use std::{borrow::Cow, fmt};

use gateway_core::config::{ConfigError, Named, OneOrMany, Percent};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        self,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use crate::models::{Alias, target};

/// What an alias stands for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModelConfig {
    /// Targets tried one after the other: `provider/model`, or another alias.
    Ordered(Vec<String>),
    /// One of several, chosen by weight.
    Split(SplitConfig),
}

/// One of several targets, chosen by weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// Targets and their shares, 100% together.
    pub split: Named<Percent>,
    /// Targets tried after the chosen one.
    #[serde(default)]
    pub then: OneOrMany<String>,
}

impl ModelConfig {
    pub(super) fn alias(&self) -> Result<Alias, ConfigError> {
        match self {
            Self::Ordered(targets) => Ok(Alias::ordered(targets.iter().map(target))),
            Self::Split(SplitConfig { split, then }) => {
                let total: u64 = split
                    .iter()
                    .map(|(_, share)| u64::from(share.millionths()))
                    .sum();
                if total != WHOLE {
                    let message = "the shares of a split must be 100% together";
                    return Err(ConfigError::new("split", message));
                }
                let weighted = split
                    .iter()
                    .map(|(name, share)| target(name).weight(share.millionths()));
                Ok(Alias::split(weighted).then(then.iter().map(target)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ModelConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = ModelConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a target, a list of targets, or `{ split: …, then: … }`")
    }

    fn visit_str<E: de::Error>(self, target: &str) -> Result<ModelConfig, E> {
        Ok(ModelConfig::Ordered(vec![target.to_owned()]))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<ModelConfig, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(ModelConfig::Ordered)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ModelConfig, A::Error> {
        SplitConfig::deserialize(MapAccessDeserializer::new(map)).map(ModelConfig::Split)
    }
}

impl JsonSchema for ModelConfig {
    fn schema_name() -> Cow<'static, str> {
        "ModelConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let split = generator.subschema_for::<SplitConfig>();
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                split,
            ]
        })
    }
}

const WHOLE: u64 = 1_000_000;
