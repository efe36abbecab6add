use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Visitor},
};

use super::{
    context::Context,
    deserializer::{KeyDeserializer, NodeDeserializer},
    error::ReadError,
};
use crate::config::value::{Entry, Node};

/// The entries of a map, without what is left out.
pub(super) struct Fields<'a> {
    entries: std::slice::Iter<'a, Entry>,
    /// The names the type knows, if it is a struct.
    names: Option<&'static [&'static str]>,
    value: Option<&'a Entry>,
    context: &'a Context,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        entries: &'a [Entry],
        names: Option<&'static [&'static str]>,
        context: &'a Context,
    ) -> Self {
        Self {
            entries: entries.iter(),
            names,
            value: None,
            context,
        }
    }
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        for entry in self.entries.by_ref() {
            if self.context.skips(entry) {
                continue;
            }
            if let Some(names) = self.names
                && !names.contains(&entry.key.text.as_str())
            {
                self.context.unknown(entry, names);
                continue;
            }
            self.value = Some(entry);
            return seed.deserialize(KeyDeserializer(entry)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let entry = self
            .value
            .take()
            .expect("a value is asked for after its key");
        let deserializer = NodeDeserializer::of(entry, self.context);
        deserializer.place(seed.deserialize(deserializer))
    }
}

/// The elements of a list, without what is left out.
pub(super) struct Items<'a> {
    elements: std::slice::Iter<'a, Node>,
    context: &'a Context,
}

impl<'a> Items<'a> {
    pub(super) fn new(elements: &'a [Node], context: &'a Context) -> Self {
        Self {
            elements: elements.iter(),
            context,
        }
    }
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let context = self.context;
        let Some(node) = self.elements.find(|node| !context.skips_node(node)) else {
            return Ok(None);
        };
        let deserializer = NodeDeserializer::new(node, self.context);
        deserializer.place(seed.deserialize(deserializer)).map(Some)
    }
}

/// `queue: { … }`: an enum variant with its content.
pub(super) struct EntryVariant<'a> {
    entry: &'a Entry,
    context: &'a Context,
}

impl<'a> EntryVariant<'a> {
    pub(super) const fn new(entry: &'a Entry, context: &'a Context) -> Self {
        Self { entry, context }
    }

    const fn value(&self) -> NodeDeserializer<'a> {
        NodeDeserializer::of(self.entry, self.context)
    }
}

impl<'de> de::EnumAccess<'de> for EntryVariant<'_> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let variant = seed.deserialize(KeyDeserializer(self.entry))?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for EntryVariant<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        let value = self.value();
        value.place(de::Deserialize::deserialize(value))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let value = self.value();
        value.place(seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.value().deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.value().deserialize_struct("", fields, visitor)
    }
}
