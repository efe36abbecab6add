use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    error::AiError,
    json::{Str, wire},
};

/// What a body says at its top level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    model: Option<String>,
    stream: Option<bool>,
    include_usage: Option<bool>,
    pub(super) places: Places,
}

/// Where the values stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) model: Option<Range<usize>>,
    pub(super) stream: Option<Range<usize>>,
    pub(super) stream_options: Option<Range<usize>>,
    pub(super) include_usage: Option<Range<usize>>,
}

wire! {
    struct Options<'a> ignoring { include_usage: &'a RawValue = "include_usage" }
}

impl Peek {
    /// Looks into a body.
    ///
    /// # Errors
    ///
    /// A client fault where the body is not a JSON object, where `model` is not a string or `stream`
    /// not a boolean, or where a policy key occurs twice or in another case.
    pub fn read(body: &[u8]) -> Result<Self, AiError> {
        let top: Top<'_> = serde_json::from_slice(body).map_err(|error| {
            AiError::invalid(format!("the body is not a valid request: {error}"))
        })?;
        let place = |raw: Option<&RawValue>| raw.map(|raw| range(body, raw));
        let options = read::<Options<'_>>(top.stream_options, "stream_options")?;
        let flag = options.and_then(|options| options.include_usage);
        Ok(Self {
            model: read::<Str<'_>>(top.model, "model")?.map(Str::into_owned),
            stream: read(top.stream, "stream")?,
            include_usage: read(flag, "stream_options.include_usage")?,
            places: Places {
                model: place(top.model),
                stream: place(top.stream),
                stream_options: place(top.stream_options),
                include_usage: place(flag),
            },
        })
    }

    /// The model the client names.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Whether the client wants a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether the client asked for usage at the end of the stream.
    #[must_use]
    pub fn includes_usage(&self) -> bool {
        self.include_usage == Some(true)
    }
}

/// Where a value that was borrowed from a body stands in it.
fn range(body: &[u8], raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr() as usize - body.as_ptr() as usize;
    start..start + raw.get().len()
}

fn read<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    field: &'static str,
) -> Result<Option<T>, AiError> {
    let Some(raw) = raw else { return Ok(None) };
    serde_json::from_str(raw.get()).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default();
        AiError::invalid(format!("{field}: {reason}")).with_param(field)
    })
}

#[derive(Default)]
struct Top<'a> {
    model: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Top<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
            type Value = Top<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top<'a>, A::Error> {
                let mut top = Top::default();
                while let Some(key) = map.next_key::<Str<'a>>()? {
                    let slot = match &*key {
                        "model" => &mut top.model,
                        "stream" => &mut top.stream,
                        "stream_options" => &mut top.stream_options,
                        other => {
                            refuse_variant(other)?;
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if slot.replace(map.next_value()?).is_some() {
                        return Err(de::Error::custom(format_args!(
                            "`{}` is given twice",
                            &*key
                        )));
                    }
                }
                Ok(top)
            }
        }
        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}

fn refuse_variant<E: de::Error>(key: &str) -> Result<(), E> {
    match POLICY_KEYS
        .iter()
        .find(|known| key.eq_ignore_ascii_case(known) && key != **known)
    {
        Some(known) => Err(E::custom(format_args!("`{key}` is not `{known}`"))),
        None => Ok(()),
    }
}

const POLICY_KEYS: [&str; 8] = [
    "model",
    "stream",
    "stream_options",
    "messages",
    "tools",
    "max_tokens",
    "max_completion_tokens",
    "n",
];
