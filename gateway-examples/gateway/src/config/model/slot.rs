use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

/// A layer in the map of layers: its options, `true` for the defaults, or `disabled`.
///
/// `disabled` opts a route out of a default, in so many words: leaving a layer out never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot<T> {
    /// Not on this route, whatever the defaults say.
    Disabled,
    /// With these options.
    On(T),
}

impl<T> Slot<T> {
    /// The options, unless the layer is disabled.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Disabled => None,
            Self::On(options) => Some(options),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

struct Visitor<T>(PhantomData<fn() -> T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
    type Value = Slot<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the layer's options, `true` for its defaults, or `disabled`")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Slot<T>, E> {
        if !on {
            return Err(E::custom("write `disabled` to switch a layer off"));
        }
        // An empty map: a layer without defaults says which option it needs.
        let empty = de::value::MapDeserializer::new(std::iter::empty::<(&str, &str)>());
        T::deserialize(empty).map(Slot::On)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot<T>, E> {
        match text {
            "disabled" => Ok(Slot::Disabled),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Slot<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Slot::On)
    }
}

impl<T: JsonSchema> JsonSchema for Slot<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Slot_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let options = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [options, { "const": true }, { "const": "disabled" }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        #[serde(default)]
        a: u8,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Needy {
        rate: String,
    }

    #[test]
    fn the_three_forms() {
        let read = |text| serde_json::from_str::<Slot<Options>>(text).map_err(|e| e.to_string());
        assert_eq!(read("true"), Ok(Slot::On(Options { a: 0 })));
        assert_eq!(read(r#"{"a": 2}"#), Ok(Slot::On(Options { a: 2 })));
        assert_eq!(read(r#""disabled""#), Ok(Slot::Disabled));
        assert!(read("false").unwrap_err().contains("write `disabled`"));
        assert!(read(r#""of""#).is_err());
        assert!(read("[]").is_err());
    }

    #[test]
    fn defaults_of_a_layer_that_has_none_name_what_it_needs() {
        let error = serde_json::from_str::<Slot<Needy>>("true").unwrap_err();
        assert!(error.to_string().contains("`rate`"), "{error}");
    }
}
