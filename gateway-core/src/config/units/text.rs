use std::fmt;

/// Why a text is not a number with a unit; it says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError(String);

impl UnitError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

/// Splits leading ASCII digits off `text`; `None` for the number when there is none or it does
/// not fit.
pub(super) fn leading_number(text: &str) -> (Option<u64>, &str) {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// `FromStr` users get serde and JSON Schema: a string in the file, nothing else.
macro_rules! text_unit {
    ($name:ident, expecting $expecting:literal, bare $bare:literal, pattern $pattern:literal, examples $examples:tt) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: serde::de::Error>(self, bare: u64) -> Result<$name, E> {
                        Err(E::custom(format_args!($bare, bare)))
                    }

                    fn visit_i64<E: serde::de::Error>(self, bare: i64) -> Result<$name, E> {
                        Err(E::custom(format_args!($bare, bare)))
                    }

                    fn visit_f64<E: serde::de::Error>(self, bare: f64) -> Result<$name, E> {
                        Err(E::custom(format_args!($bare, bare)))
                    }
                }

                d.deserialize_any(Visitor)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $expecting,
                    "pattern": $pattern,
                    "examples": $examples
                })
            }
        }
    };
}

pub(super) use text_unit;
