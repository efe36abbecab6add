use serde::{
    Deserializer,
    de::{self, Error as _, IntoDeserializer, Visitor},
};

use super::{
    access::{EntryVariant, Fields, Items},
    context::Context,
    error::{At, Kind, ReadError},
};
use crate::config::{
    secret,
    shape::ONE_OR_MANY,
    source::plain,
    value::{Entry, Node, Number, Value},
};

/// Reads one node; an error that has no place yet gets the node's.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'a> {
    node: &'a Node,
    /// The entry the node is the value of.
    entry: Option<&'a Entry>,
    context: &'a Context,
}

impl<'a> NodeDeserializer<'a> {
    pub(super) const fn new(node: &'a Node, context: &'a Context) -> Self {
        Self {
            node,
            entry: None,
            context,
        }
    }

    pub(super) const fn of(entry: &'a Entry, context: &'a Context) -> Self {
        Self {
            node: &entry.node,
            entry: Some(entry),
            context,
        }
    }

    pub(super) fn place<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.or_at(At::node(self.node)))
    }

    fn wrong_type<T>(self, expected: String) -> Result<T, ReadError> {
        let found = match &self.node.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(Number::Unsigned(n)) => format!("the number {n}"),
            Value::Number(Number::Signed(n)) => format!("the number {n}"),
            Value::Number(Number::Float(n)) => format!("the number {n}"),
            Value::String(text) => format!("the text `{}`", text.shown()),
            Value::Seq(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        };
        self.place(Err(ReadError::new(Kind::WrongType { found, expected })))
    }

    /// A number or boolean from the environment arrives as text: where a number is due, it is one.
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Value::String(text) = &self.node.value else {
            return self.deserialize_any(visitor);
        };
        if !text.is_resolved() {
            return self.deserialize_any(visitor);
        }
        match plain(text.as_str()) {
            Value::Bool(value) => self.place(visitor.visit_bool(value)),
            Value::Number(number) => self.place(visit_number(number, visitor)),
            _ => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visit_number(*number, visitor),
            Value::String(text) => visitor.visit_str(text.as_str()),
            Value::Seq(elements) => visitor.visit_seq(Items::new(elements, self.context)),
            Value::Map(entries) => visitor.visit_map(Fields::new(entries, None, self.context)),
        };
        self.place(result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Map(entries) => {
                self.place(visitor.visit_map(Fields::new(entries, Some(fields), self.context)))
            }
            // Derived structs would accept a list, field by field: order would become meaning.
            Value::Seq(_) => self.wrong_type("a map".to_owned()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::String(text) => {
                self.place(visitor.visit_enum(text.as_str().into_deserializer()))
            }
            Value::Map(entries) => {
                let mut left = entries.iter().filter(|entry| !self.context.skips(entry));
                match (left.next(), left.next()) {
                    (Some(entry), None) => {
                        self.place(visitor.visit_enum(EntryVariant::new(entry, self.context)))
                    }
                    _ => self.wrong_type(one_of(variants)),
                }
            }
            _ => self.wrong_type(one_of(variants)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Null => visitor.visit_none(),
            _ => self.place(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == secret::TOKEN
            && let Value::String(text) = &self.node.value
            && !text.is_resolved()
            && !text.unresolved
            && !text.as_str().is_empty()
        {
            self.context.literal_secret(self.node);
        }
        if name == ONE_OR_MANY {
            return match &self.node.value {
                Value::Seq(_) => self.deserialize_any(visitor),
                _ => self.place(visitor.visit_some(self)),
            };
        }
        self.place(visitor.visit_newtype_struct(self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        // A type that ignores a value would let a typo pass; nothing in a config file is ignored.
        if let Some(entry) = self.entry {
            self.context.unknown(entry, &[]);
        }
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.scalar(visitor)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier
    }
}

/// Reads a key; an error belongs to the key, not to its value.
#[derive(Clone, Copy)]
pub(super) struct KeyDeserializer<'a>(pub(super) &'a Entry);

impl KeyDeserializer<'_> {
    fn place<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.or_at(At::key(self.0)))
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match plain(&self.0.key.text) {
            Value::Number(number) => self.place(visit_number(number, visitor)),
            _ => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for KeyDeserializer<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.place(visitor.visit_str(&self.0.key.text))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.place(visitor.visit_enum(self.0.key.text.as_str().into_deserializer()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.place(visitor.visit_newtype_struct(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.place(visitor.visit_some(self))
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: Number, visitor: V) -> Result<V::Value, ReadError> {
    match number {
        Number::Unsigned(number) => visitor.visit_u64(number),
        Number::Signed(number) => visitor.visit_i64(number),
        // An infinite time-out or weight is never what was meant.
        Number::Float(number) if !number.is_finite() => Err(ReadError::invalid_value(
            de::Unexpected::Float(number),
            &"a finite number",
        )),
        Number::Float(number) => visitor.visit_f64(number),
    }
}

pub(super) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}
