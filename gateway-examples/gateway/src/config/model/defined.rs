use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

/// A layer whose options may stand elsewhere in the file: in place, by name, or `disabled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defined<T> {
    /// Not on this route, whatever the defaults say.
    Disabled,
    /// With the options of this name. Loading puts them in its place.
    Named(String),
    /// With these options.
    On(T),
}

impl<T> Defined<T> {
    /// The options, unless the layer is disabled.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Disabled | Self::Named(_) => None,
            Self::On(options) => Some(options),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Defined<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

struct Visitor<T>(PhantomData<fn() -> T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
    type Value = Defined<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the layer's options, a name defined under `auth`, or `disabled`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Defined<T>, E> {
        Ok(match text {
            "disabled" => Defined::Disabled,
            name => Defined::Named(name.to_owned()),
        })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Defined<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Defined::On)
    }
}

impl<T: JsonSchema> JsonSchema for Defined<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Defined_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let options = generator.subschema_for::<T>();
        json_schema!({
            "anyOf": [
                options,
                { "type": "string", "description": "`disabled`, or a name defined under `auth`." }
            ]
        })
    }
}
