use std::{borrow::Cow, fmt};

use gateway_layers::{api_key::ApiKeyConfig, jwt::JwtConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer as _, value::MapAccessDeserializer},
};

/// A way to authenticate that routes refer to by name: `jwt: main`, `api_key: partners`.
///
/// The options of `jwt` stand here as they are; those of `api_key` under that key.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Tokens.
    Jwt(Box<JwtConfig>),
    /// Keys.
    ApiKey(ApiKeyConfig),
}

impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Auth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the options of `jwt`, or `{ api_key: … }`")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Auth, A::Error> {
        let first: Option<String> = map.next_key()?;
        if first.as_deref() == Some("api_key") {
            let options = map.next_value()?;
            return match map.next_key::<String>()? {
                None => Ok(Auth::ApiKey(options)),
                Some(other) => Err(de::Error::unknown_field(&other, &["api_key"])),
            };
        }
        let options = MapAccessDeserializer::new(Pushed { first, map });
        JwtConfig::deserialize(options).map(|options| Auth::Jwt(Box::new(options)))
    }
}

/// A map whose first key has been looked at.
struct Pushed<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: de::MapAccess<'de>> de::MapAccess<'de> for Pushed<A> {
    type Error = A::Error;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => seed.deserialize(first.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl JsonSchema for Auth {
    fn schema_name() -> Cow<'static, str> {
        "Auth".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let jwt = generator.subschema_for::<JwtConfig>();
        let api_key = generator.subschema_for::<ApiKeyConfig>();
        json_schema!({
            "anyOf": [
                jwt,
                {
                    "type": "object",
                    "properties": { "api_key": api_key },
                    "required": ["api_key"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
