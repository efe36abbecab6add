use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

/// A map, or a text that stands for one: `to: orders` for `to: { upstream: orders }`.
///
/// The text is read with `FromStr` and the map with `Deserialize`. Unlike an untagged enum it
/// knows which of the two was meant, so a mistake inside the map is reported as that mistake.
///
/// ```
/// use gateway_core::config::Flex;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Endpoint { url: String, #[serde(default)] weight: u32 }
///
/// impl std::str::FromStr for Endpoint {
///     type Err = std::convert::Infallible;
///     fn from_str(url: &str) -> Result<Self, Self::Err> {
///         Ok(Self { url: url.to_owned(), weight: 1 })
///     }
/// }
///
/// let list: Vec<Flex<Endpoint>> =
///     serde_json::from_str(r#"["http://a", { "url": "http://b", "weight": 2 }]"#)?;
/// assert_eq!((list[0].url.as_str(), list[1].weight), ("http://a", 2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flex<T>(pub T);

impl<T> Deref for Flex<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T> Deserialize<'de> for Flex<T>
where
    T: Deserialize<'de> + FromStr<Err: fmt::Display>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

struct Visitor<T>(PhantomData<fn() -> T>);

impl<'de, T> de::Visitor<'de> for Visitor<T>
where
    T: Deserialize<'de> + FromStr<Err: fmt::Display>,
{
    type Value = Flex<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a map")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Flex<T>, E> {
        text.parse().map(Flex).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Flex<T>, E> {
        // A number is no text; but the type knows best what to write instead: `listen: 8080`.
        match number.to_string().parse::<T>() {
            Ok(_) => Err(E::invalid_type(de::Unexpected::Unsigned(number), &self)),
            Err(error) => Err(E::custom(error)),
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Flex<T>, E> {
        match value.to_string().parse::<T>() {
            Ok(_) => Err(E::invalid_type(de::Unexpected::Bool(value), &self)),
            Err(error) => Err(E::custom(error)),
        }
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Flex<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Flex)
    }
}

impl<T: JsonSchema> JsonSchema for Flex<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Flex_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string" }, long] })
    }
}
