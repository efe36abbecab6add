//! A deserializer for text that is as it should be.
//!
//! What a codec reads is nearly always well-formed, and then neither the place nor the reason of a
//! fault need be kept at hand, and strings, keys and what is kept raw can be walked by the word.
//! Whatever this does not take, [`serde_json`] reads again: what is wrong with it is for that to say,
//! and so is what is rare – of numbers whose spelling is not kept, all but counts. All that must hold
//! is that what is taken here reads there as the same.

use std::fmt;

use serde::{
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor, value::BorrowedStrDeserializer},
    forward_to_deserialize_any,
};

use super::{scan, skim, unread};
use crate::canonical::Raw;

/// Reads JSON text, as [`serde_json::from_str`] does.
pub(crate) fn from_str<'de, T: de::Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    let heard = unread::heard();
    if let Ok(value) = read(text) {
        return Ok(value);
    }
    unread::forget(heard);
    serde_json::from_str(text)
}

fn read<'de, T: de::Deserialize<'de>>(text: &'de str) -> Result<T, Fault> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let value = T::deserialize(&mut reader)?;
    reader.blank();
    (reader.at == text.len()).then_some(value).ok_or(Fault)
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: usize,
}

/// This is no text for this reader.
#[derive(Debug)]
struct Fault;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not read here")
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Reader<'de> {
    fn blank(&mut self) {
        self.at = skim::blank(self.text.as_bytes(), self.at);
    }

    /// The first byte of what comes next.
    fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, literal: &str) -> Result<(), Fault> {
        if !self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            return Err(Fault);
        }
        self.at += literal.len();
        Ok(())
    }

    fn bool(&mut self) -> Result<bool, Fault> {
        match self.peek() {
            Some(b't') => self.take("true").map(|()| true),
            Some(b'f') => self.take("false").map(|()| false),
            _ => Err(Fault),
        }
    }

    fn count(&mut self) -> Result<u64, Fault> {
        self.raw()?.parse().map_err(|_| Fault)
    }

    /// The text of a value, whatever it is.
    fn raw(&mut self) -> Result<&'de str, Fault> {
        self.blank();
        let start = self.at;
        self.at = skim::value::<true>(self.text.as_bytes(), start).map_err(|_| Fault)?;
        Ok(&self.text[start..self.at])
    }

    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek() != Some(b'"') {
            return Err(Fault);
        }
        let start = self.at + 1;
        let end = scan::escaped(self.text.as_bytes(), start).ok_or(Fault)?;
        if self.text.as_bytes()[end] == b'"' {
            self.at = end + 1;
            return visitor.visit_borrowed_str(&self.text[start..end]);
        }
        let mut strings =
            serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<String>();
        let text = strings.next().ok_or(Fault)?.map_err(|_| Fault)?;
        self.at += strings.byte_offset();
        visitor.visit_string(text)
    }

    /// Reads what stands between two brackets.
    fn within<T>(
        &mut self,
        open: u8,
        close: u8,
        read: impl FnOnce(Items<'_, 'de>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.peek() != Some(open) || self.depth == Raw::MAX_DEPTH {
            return Err(Fault);
        }
        self.at += 1;
        self.depth += 1;
        // Handed on untouched: what is read is large, and taking it apart would move it.
        let read = read(Items {
            reader: self,
            close,
            first: true,
        });
        if read.is_ok() {
            if self.peek() != Some(close) {
                return Err(Fault);
            }
            self.at += 1;
            self.depth -= 1;
        }
        read
    }
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => self.string(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'n') => {
                self.take("null")?;
                visitor.visit_unit()
            }
            Some(b't' | b'f') => visitor.visit_bool(self.bool()?),
            Some(b'0'..=b'9') => visitor.visit_u64(self.count()?),
            _ => Err(Fault),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.bool()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek() == Some(b'n') {
            self.take("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        let text = Some(self.raw()?);
        visitor.visit_map(RawText { text })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.within(b'[', b']', |items| visitor.visit_seq(items))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.within(b'{', b'}', |items| visitor.visit_map(items))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.raw()?;
        visitor.visit_unit()
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.count()?)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct struct enum identifier
    }
}

/// The elements of an array, or the members of an object.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    first: bool,
}

impl Items<'_, '_> {
    /// Whether there is another one, which then comes next.
    fn more(&mut self) -> Result<bool, Fault> {
        match self.reader.peek() {
            Some(byte) if byte == self.close => return Ok(false),
            Some(_) if self.first => self.first = false,
            Some(b',') => self.reader.at += 1,
            _ => return Err(Fault),
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if !self.more()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        if !self.more()? {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(Fault);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        if self.reader.peek() != Some(b':') {
            return Err(Fault);
        }
        self.reader.at += 1;
        seed.deserialize(&mut *self.reader)
    }
}

/// How `serde_json` hands a value's text to its [`RawValue`](serde_json::value::RawValue).
struct RawText<'de> {
    text: Option<&'de str>,
}

impl<'de> MapAccess<'de> for RawText<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        seed.deserialize(BorrowedStrDeserializer::new(RAW))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let text = self.text.take().ok_or(Fault)?;
        seed.deserialize(BorrowedStrDeserializer::new(text))
    }
}

/// The name by which a `RawValue` asks for its text. Were it to change, raw text would not be read
/// here.
const RAW: &str = "$serde_json::private::RawValue";

#[cfg(test)]
mod tests;
