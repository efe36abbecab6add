use std::fmt::Display;

use super::unread::{Fields, missed};
use crate::canonical::{Extra, Raw};
use serde::de;
use serde_json::value::RawValue;

/// Declares a struct that reads a JSON object in one pass, borrowing from it.
///
/// Each field is an `Option`; `null` reads as absent, as every dialect treats it. `struct` keeps
/// unknown fields in `extra` – who does not take them from there is [heard](super::unread) – and
/// `struct .. skipping`, for the pieces of streams, keeps none and says so at once, but for those
/// listed, which tell nothing; `struct .. ignoring` is for what is told in words of our own, such as
/// errors.
/// Errors carry the path of fields that leads to them (see [`locate`]). A key may have other
/// spellings: `"maxTokens" | "max_tokens"`.
macro_rules! wire {
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$a:lifetime> {
        $($field:ident : $ty:ty = $key:literal $(| $alias:literal)*),* $(,)?
    }) => {
        $crate::json::wire!(@type $(#[$meta])* $vis $name $a [
            $($field : $ty,)*] [$vis extra: $crate::json::Fields<$a>,]);
        $crate::json::wire!(@read $name $a [$($field : $ty = $key $(| $alias)*,)*] (value, key, map) {
            // An unknown field of `null` says nothing in any dialect.
            let field: &serde_json::value::RawValue = map.next_value()?;
            if field.get() != "null" {
                value.extra.push((key, field));
            }
        });
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$a:lifetime> ignoring {
        $($field:ident : $ty:ty = $key:literal $(| $alias:literal)*),* $(,)?
    }) => {
        $crate::json::wire!(@type $(#[$meta])* $vis $name $a [
            $($field : $ty,)*] [$vis lifetime: std::marker::PhantomData<&$a ()>,]);
        $crate::json::wire!(@read $name $a [$($field : $ty = $key $(| $alias)*,)*] (value, key, map) {
            map.next_value::<serde::de::IgnoredAny>()?;
        });
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$a:lifetime> skipping
        $([$($silent:literal),*])? {
        $($field:ident : $ty:ty = $key:literal $(| $alias:literal)*),* $(,)?
    }) => {
        $crate::json::wire!(@type $(#[$meta])* $vis $name $a [
            $($field : $ty,)*] [$vis lifetime: std::marker::PhantomData<&$a ()>,]);
        $crate::json::wire!(@read $name $a [$($field : $ty = $key $(| $alias)*,)*] (value, key, map) {
            $crate::json::skip(&key, &[$($($silent),*)?], &mut map)?;
        });
    };
    (@type $(#[$meta:meta])* $vis:vis $name:ident $a:lifetime
        [$($field:ident : $ty:ty,)*] [$($rest:tt)*]) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        $vis struct $name<$a> {
            $($vis $field: Option<$ty>,)*
            $($rest)*
        }
    };
    (@read $name:ident $a:lifetime [$($field:ident : $ty:ty = $key:literal $(| $alias:literal)*,)*]
        ($value:ident, $name_of_key:ident, $map:ident) $unknown:block) => {
        impl<'de: $a, $a> serde::Deserialize<'de> for $name<$a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<$a>(std::marker::PhantomData<&$a ()>);
                impl<'de: $a, $a> serde::de::Visitor<'de> for Fields<$a> {
                    type Value = $name<$a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut $map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut $value = $name::default();
                        while let Some($name_of_key) = $map.next_key::<$crate::json::Str<$a>>()? {
                            match &*$name_of_key {
                                $($key $(| $alias)* => {
                                    $crate::json::fill(&mut $value.$field, $key, &mut $map)?;
                                })*
                                _ => $unknown
                            }
                        }
                        Ok($value)
                    }
                }
                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use wire;

/// Reads a field's value. A function of its own, so that a reader of an object has room on the stack
/// for one value at a time and not for each of its fields: objects nest.
pub(crate) fn fill<'de, T, A>(
    field: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error>
where
    T: de::Deserialize<'de>,
    A: de::MapAccess<'de>,
{
    let given: Option<T> = map
        .next_value()
        .map_err(|error| Located::wrap(name, &error))?;
    // Of two spellings of a field one may be `null`.
    if given.is_some() {
        *field = given;
    }
    Ok(())
}

/// Leaves out a field without a name here, and says so unless it says nothing itself.
pub(crate) fn skip<'de, A: de::MapAccess<'de>>(
    name: &str,
    silent: &[&str],
    map: &mut A,
) -> Result<(), A::Error> {
    let field: &RawValue = map.next_value()?;
    if field.get() != "null" && !silent.contains(&name) {
        missed(name);
    }
    Ok(())
}

/// Errors that carry the path to what is at fault, apart from the reason.
pub(crate) struct Located;

impl Located {
    /// Puts a field's name before the path of an inner error.
    pub(crate) fn wrap<E: de::Error>(field: &str, inner: &impl Display) -> E {
        let text = inner.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        match text.split_once(MARK) {
            Some((path, reason)) => E::custom(format_args!("{field}.{path}{MARK}{reason}")),
            None => E::custom(format_args!("{field}{MARK}{text}")),
        }
    }
}

/// The path and the reason of a reading error.
pub(crate) fn locate(error: &serde_json::Error) -> (Option<String>, String) {
    let text = error.to_string();
    match text.split_once(MARK) {
        Some((path, reason)) => {
            let reason = reason.split(" at line ").next().unwrap_or_default();
            (Some(path.to_owned()), reason.to_owned())
        }
        None => (None, text),
    }
}

/// Separates path and reason; no serde message and no JSON key of ours contains it.
const MARK: char = '\u{1}';

impl Extra {
    /// Takes over unknown fields, each under a prefix.
    pub(crate) fn absorb(&mut self, prefix: &str, fields: Fields<'_>) {
        if fields.is_empty() {
            return;
        }
        for (name, raw) in fields {
            // What is nested too deeply is dropped as unreadable rather than kept as a bomb.
            let Ok(raw) = Raw::from_raw(raw) else {
                missed(&name);
                continue;
            };
            if prefix.is_empty() {
                self.push(&*name, raw);
            } else {
                self.push(format!("{prefix}{}", &*name), raw);
            }
        }
    }

    /// Takes over unknown fields.
    pub(crate) fn from_fields(fields: Fields<'_>) -> Self {
        let mut extra = Self::new();
        extra.absorb("", fields);
        extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Str;

    wire! {
        struct Inner<'a> { count: u32 = "count" }
    }
    wire! {
        struct Outer<'a> { name: Str<'a> = "name", inner: Inner<'a> = "inner" }
    }

    wire! {
        struct Piece<'a> skipping ["padding"] { count: u32 = "count" }
    }

    #[test]
    fn pieces_say_what_they_skip() {
        let text = r#"{"x":1,"count":2,"y":null,"padding":"..","z":{}}"#;
        let read = || serde_json::from_str::<Piece<'_>>(text).unwrap().count;
        let (count, losses) = crate::json::watch(read);
        assert_eq!(count, Some(2));
        assert_eq!(losses.to_string(), "unknown.x, unknown.z");
    }

    wire! {
        struct Aliased<'a> ignoring { count: u32 = "name" | "an_alias" }
    }

    #[test]
    fn borrows_and_keeps_the_unknown() {
        let text = r#"{"name":"n","x":1.0,"inner":{"count":3,"y":[2]}}"#;
        let outer: Outer<'_> = serde_json::from_str(text).unwrap();
        assert!(matches!(
            outer.name.unwrap().0,
            std::borrow::Cow::Borrowed("n")
        ));
        assert_eq!(outer.extra[0].1.get(), "1.0");
        let inner = outer.inner.unwrap();
        assert_eq!((inner.count, inner.extra[0].1.get()), (Some(3), "[2]"));
    }

    #[test]
    fn errors_name_the_path() {
        let error = serde_json::from_str::<Outer<'_>>(r#"{"inner":{"count":"x"}}"#).unwrap_err();
        let (path, reason) = locate(&error);
        assert_eq!(path.as_deref(), Some("inner.count"));
        assert_eq!(reason, "invalid type: string \"x\", expected u32");
    }

    #[test]
    fn null_is_absent() {
        let text = r#"{"name":null,"inner":null,"unknown":null}"#;
        let outer: Outer<'_> = serde_json::from_str(text).unwrap();
        assert!(outer.name.is_none() && outer.inner.is_none() && outer.extra.is_empty());
        let aliased: Aliased<'_> = serde_json::from_str(r#"{"an_alias":2,"name":null}"#).unwrap();
        assert_eq!(aliased.count, Some(2));
    }
}
