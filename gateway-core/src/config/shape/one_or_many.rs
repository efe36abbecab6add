use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        self,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

/// One value, or a list of them: `audience: orders` for `audience: [orders]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OneOrMany<T>(pub Vec<T>);

// Not derived: a secret has no default, an empty list of them has.
impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for OneOrMany<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TOKEN, Visitor(PhantomData))
    }
}

struct Visitor<T>(PhantomData<fn() -> T>);

impl<T> Visitor<T> {
    fn one<'de, D>(deserializer: D) -> Result<OneOrMany<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        T::deserialize(deserializer).map(|value| OneOrMany(vec![value]))
    }
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list")
    }

    /// Every format but the loader's own: what it is shows only when it is read.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }

    /// The loader, which has looked and seen no list. Read in place, the value keeps its line and
    /// column, and a secret is known to be one.
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        Self::one(d)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Self::one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Self::one(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// The newtype name by which the loader recognises the shape.
pub(in crate::config) const TOKEN: &str = "$gateway::OneOrMany";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_the_same() {
        for (text, expected) in [
            ("\"a\"", vec!["a"]),
            ("[\"a\", \"b\"]", vec!["a", "b"]),
            ("[]", vec![]),
        ] {
            let list: OneOrMany<String> = serde_json::from_str(text).unwrap();
            assert_eq!(list.0, expected);
        }
        assert_eq!(*serde_json::from_str::<OneOrMany<u16>>("5").unwrap(), [5]);
        assert!(serde_json::from_str::<OneOrMany<u16>>("[\"x\"]").is_err());
    }
}
