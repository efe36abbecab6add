use std::{borrow::Cow, fmt, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use serde::{
    Deserializer as _,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::{canonical::Raw, error::AiError};

/// A client's body, read no further than its outermost keys.
///
/// Three of them matter to a gateway: `model`, `stream` and `stream_options`. Everything else is
/// skipped – checked to be JSON and not too deep, but never built.
#[derive(Clone, Debug)]
pub struct Wire {
    bytes: Bytes,
    model: Option<Found>,
    stream: bool,
    options: Option<Options>,
    /// Where a new first field would go: behind the opening brace.
    open: usize,
}

#[derive(Clone, Debug)]
struct Found {
    text: Box<str>,
    span: Range<usize>,
}

#[derive(Clone, Debug)]
struct Options {
    span: Range<usize>,
    include_usage: Option<bool>,
    /// How many fields there are.
    fields: usize,
}

impl Wire {
    /// Looks for the keys that matter.
    ///
    /// # Errors
    ///
    /// A client fault when the body is not a JSON object, is nested too deeply, or spells one of
    /// those keys twice or in another case: whoever reads it next might take the other one.
    pub fn read(bytes: Bytes) -> Result<Self, AiError> {
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| AiError::invalid("the body is not valid UTF-8"))?;
        if is_too_deep(&bytes) {
            return Err(AiError::invalid("the body is nested too deeply"));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let top = json
            .deserialize_any(TopVisitor)
            .and_then(|top| json.end().map(|()| top))
            .map_err(|error| invalid(&error))?;
        let span = |raw: &RawValue| {
            let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
            start..start + raw.get().len()
        };
        let model = top.model.map(|raw| {
            Ok(Found {
                text: string(raw)?,
                span: span(raw),
            })
        });
        let stream = top.stream.map_or(Ok(false), boolean)?;
        let options = top.stream_options.map(|raw| options(raw, span(raw)));
        let (model, options) = (model.transpose()?, options.transpose()?);
        let open = text.find('{').map_or(0, |at| at + 1);
        Ok(Self {
            model,
            stream,
            options,
            open,
            bytes,
        })
    }

    /// The body as it came.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The model the client names.
    ///
    /// # Errors
    ///
    /// A client fault when there is none.
    pub fn model(&self) -> Result<&str, AiError> {
        match &self.model {
            Some(found) => Ok(&found.text),
            None => Err(AiError::invalid("the field `model` is required").with_param("model")),
        }
    }

    /// Whether a stream is wanted.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.stream
    }

    /// Whether the client asks for usage at the end of a Chat stream.
    #[must_use]
    pub fn wants_usage(&self) -> bool {
        self.options
            .as_ref()
            .is_some_and(|options| options.include_usage == Some(true))
    }

    /// The same body for another model: the client's own bytes around the new name.
    ///
    /// With `ask_usage`, a Chat stream is asked to count as well. Nothing else changes, and the
    /// client's bytes are not copied.
    #[must_use]
    pub fn splice(&self, model: &str, ask_usage: bool) -> Spliced {
        let mut edits: SmallVec<[(Range<usize>, Bytes); 2]> = SmallVec::new();
        if let Some(found) = &self.model
            && *found.text != *model
        {
            edits.push((found.span.clone(), quoted(model)));
        }
        if ask_usage && self.model.is_some() && !self.wants_usage() {
            edits.push(self.usage_edit());
        }
        edits.sort_by_key(|(span, _)| span.start);
        let mut parts = Spliced::default();
        let mut position = 0;
        for (span, text) in edits {
            parts.push(self.bytes.slice(position..span.start));
            parts.push(text);
            position = span.end;
        }
        parts.push(self.bytes.slice(position..));
        parts
    }

    /// Asks for usage by adding to what the client wrote; only a `false` of its own is written anew.
    fn usage_edit(&self) -> (Range<usize>, Bytes) {
        let Some(Options {
            span,
            include_usage,
            fields,
        }) = &self.options
        else {
            let text = br#""stream_options":{"include_usage":true},"#;
            return (self.open..self.open, Bytes::from_static(text));
        };
        if include_usage.is_none() && *fields > 0 {
            let at = span.start + 1;
            return (at..at, Bytes::from_static(br#""include_usage":true,"#));
        }
        let old = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(
            &self.bytes[span.clone()],
        );
        let mut fields = old.unwrap_or_default();
        fields.insert("include_usage".to_owned(), true.into());
        (
            span.clone(),
            Bytes::from(serde_json::Value::Object(fields).to_string()),
        )
    }
}

/// A body in pieces, most of them slices of the client's own.
#[derive(Clone, Debug, Default)]
pub struct Spliced(SmallVec<[Bytes; 5]>);

impl Spliced {
    fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.0.push(part);
        }
    }

    /// The length of all pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One buffer where that is cheaper, pieces where copying would cost more than sending them.
    #[must_use]
    pub fn into_parts(mut self) -> SmallVec<[Bytes; 5]> {
        if self.0.len() > 1 && self.len() <= COPY_UP_TO {
            let mut joined = BytesMut::with_capacity(self.len());
            for part in &self.0 {
                joined.extend_from_slice(part);
            }
            self.0.clear();
            self.0.push(joined.freeze());
        }
        self.0
    }
}

/// Whether brackets nest deeper than anything that is parsed later would allow. Skipping a value
/// does not recurse, so a bomb would pass unharmed – to a provider that may recurse.
fn is_too_deep(text: &[u8]) -> bool {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > Raw::MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(found) = memchr2(b'"', b'\\', &text[at..]) {
                    at += found + 1;
                    if text[at - 1] == b'"' {
                        break;
                    }
                    // The escaped character, whatever it is.
                    at = (at + 1).min(text.len());
                }
            }
            _ => {}
        }
    }
    false
}

fn quoted(text: &str) -> Bytes {
    Bytes::from(serde_json::Value::from(text).to_string())
}

fn string(raw: &RawValue) -> Result<Box<str>, AiError> {
    let text: Cow<'_, str> = serde_json::from_str::<String>(raw.get())
        .map(Cow::Owned)
        .map_err(|_| AiError::invalid("the field `model` must be a string").with_param("model"))?;
    if text.is_empty() {
        return Err(AiError::invalid("the field `model` is empty").with_param("model"));
    }
    Ok(text.into())
}

fn boolean(raw: &RawValue) -> Result<bool, AiError> {
    match raw.get() {
        "true" => Ok(true),
        "false" | "null" => Ok(false),
        _ => Err(AiError::invalid("the field `stream` must be true or false").with_param("stream")),
    }
}

fn options(raw: &RawValue, span: Range<usize>) -> Result<Options, AiError> {
    let wrong =
        || AiError::invalid("the field `stream_options` is malformed").with_param("stream_options");
    let fields: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let fields = fields.unwrap_or_default();
    let include_usage = match fields.get("include_usage") {
        None => None,
        Some(serde_json::Value::Null) => Some(false),
        Some(value) => Some(value.as_bool().ok_or_else(wrong)?),
    };
    Ok(Options {
        span,
        include_usage,
        fields: fields.len(),
    })
}

fn invalid(error: &serde_json::Error) -> AiError {
    if error.is_data() {
        return AiError::invalid(error.to_string());
    }
    AiError::invalid(format!("the body is not valid JSON: {error}"))
}

#[derive(Default)]
struct Top<'a> {
    model: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top<'de>, A::Error> {
        let mut top = Top::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let name = key.0;
            let Some(policy) = POLICY.iter().find(|have| name.eq_ignore_ascii_case(have)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if name != *policy {
                return Err(de::Error::custom(format_args!(
                    "the field `{policy}` is spelled `{name}`"
                )));
            }
            let slot = match *policy {
                "model" => &mut top.model,
                "stream" => &mut top.stream,
                _ => &mut top.stream_options,
            };
            if slot.replace(map.next_value()?).is_some() {
                return Err(de::Error::custom(format_args!(
                    "the field `{policy}` is given twice"
                )));
            }
        }
        Ok(top)
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> de::Deserialize<'de> for Key<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Keys the gateway decides by.
const POLICY: [&str; 3] = ["model", "stream", "stream_options"];

const COPY_UP_TO: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(body: &str, model: &str, ask_usage: bool) -> String {
        let wire = Wire::read(Bytes::from(body.to_owned())).unwrap();
        let parts = wire.splice(model, ask_usage).into_parts();
        parts
            .iter()
            .map(|part| std::str::from_utf8(part).unwrap())
            .collect()
    }

    #[test]
    fn only_the_model_changes() {
        assert_eq!(
            spliced(
                "{ \"a\":[1.0], \"model\" : \"f\\u0061st\"}\n",
                "x/\"y",
                false
            ),
            "{ \"a\":[1.0], \"model\" : \"x/\\\"y\"}\n"
        );
        assert_eq!(
            spliced(r#"{"model":"same"}"#, "same", false),
            r#"{"model":"same"}"#
        );
    }

    #[test]
    fn usage_is_asked_for_beside_what_the_client_asks() {
        assert_eq!(
            spliced(r#"{"model":"a"}"#, "b", true),
            r#"{"stream_options":{"include_usage":true},"model":"b"}"#
        );
        assert_eq!(
            spliced(r#"{"model":"a","stream_options":{"x":1}}"#, "a", true),
            r#"{"model":"a","stream_options":{"include_usage":true,"x":1}}"#
        );
        for kept in [
            r#"{"stream_options":{"include_usage":true},"model":"a"}"#,
            r#"{"stream_options":{ "include_usage" : true },"model":"a"}"#,
        ] {
            assert_eq!(spliced(kept, "a", true), kept);
        }
        assert_eq!(
            spliced(r#"{"stream_options":null,"model":"a"}"#, "a", true),
            r#"{"stream_options":{"include_usage":true},"model":"a"}"#
        );
    }

    #[test]
    fn large_bodies_are_not_copied() {
        let body = format!(r#"{{"model":"a","x":"{}"}}"#, "x".repeat(COPY_UP_TO));
        let bytes = Bytes::from(body);
        let parts = Wire::read(bytes.clone())
            .unwrap()
            .splice("b", false)
            .into_parts();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0].as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let text = format!(r#"{{"model":"a","x":"\\\"{}"}}"#, "[".repeat(500));
        assert!(Wire::read(Bytes::from(text)).is_ok());
        let deep = |n: usize| format!(r#"{{"model":"a","x":{}1{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(Wire::read(Bytes::from(deep(Raw::MAX_DEPTH - 1))).is_ok());
        assert!(Wire::read(Bytes::from(deep(Raw::MAX_DEPTH))).is_err());
        for unclosed in ["\"", "{\"", "{\"\\", "{\"a\\\""] {
            assert!(Wire::read(Bytes::from(unclosed)).is_err());
        }
    }
}
