use std::ops::Range;

use compact_str::CompactString;
use serde::Deserialize;

use crate::{
    error::AiError,
    json::{Member, Members, SkimError, Str, is_plain},
};

/// What a body says at its top level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    model: Option<CompactString>,
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

impl Peek {
    /// Looks into a body.
    ///
    /// # Errors
    ///
    /// A client fault where the body is not a JSON object, where `model` is not a string or `stream`
    /// not a boolean, or where a policy key occurs twice or in another case.
    pub fn read(body: &[u8]) -> Result<Self, AiError> {
        let (places, body) = Places::find(body).map_err(AiError::invalid)?;
        let text = |place: &Option<Range<usize>>| place.as_ref().map(|at| &body[at.clone()]);
        Ok(Self {
            model: name(text(&places.model), "model")?,
            stream: flag(text(&places.stream), "stream")?,
            include_usage: flag(text(&places.include_usage), "stream_options.include_usage")?,
            places,
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

/// A name is known without a parser where it is spelled as it is.
fn name(value: Option<&str>, field: &'static str) -> Result<Option<CompactString>, AiError> {
    let quoted = value.and_then(|value| value.strip_prefix('"')?.strip_suffix('"'));
    if let Some(text) = quoted
        && is_plain(text.as_bytes())
    {
        return Ok(Some(text.into()));
    }
    let read = read::<Str<'_>>(value, field)?;
    Ok(read.map(|text| CompactString::from(&*text)))
}

/// What nearly every request says is known without a parser.
fn flag(value: Option<&str>, field: &'static str) -> Result<Option<bool>, AiError> {
    match value {
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        value => read(value, field),
    }
}

fn read<'a, T: Deserialize<'a>>(
    value: Option<&'a str>,
    field: &'static str,
) -> Result<Option<T>, AiError> {
    let value = value.filter(|value| *value != "null");
    let read = value.map(serde_json::from_str).transpose();
    read.map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default();
        AiError::invalid(format!("{field}: {reason}")).with_param(field)
    })
}

impl Places {
    /// The places, and the body as the text it has turned out to be.
    fn find(body: &[u8]) -> Result<(Self, &str), String> {
        let broken = |error: SkimError| format!("the body is not a valid request: {error}");
        let mut places = Self::default();
        let mut members = Members::of(body).map_err(broken)?;
        let text = members.text(&(0..body.len()));
        while let Some(Member { key, value }) = members.next().map_err(broken)? {
            let slot = match &*key {
                "model" => &mut places.model,
                "stream" => &mut places.stream,
                "stream_options" => &mut places.stream_options,
                other => {
                    refuse_variant(other)?;
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                return Err(format!("`{key}` is given twice"));
            }
        }
        if let Some(options) = places.stream_options.clone()
            && body[options.clone()].starts_with(b"{")
        {
            let mut members = Members::of(&body[options.clone()]).map_err(broken)?;
            while let Some(Member { key, value }) = members.next().map_err(broken)? {
                if key == "include_usage" {
                    let place = options.start + value.start..options.start + value.end;
                    if places.include_usage.replace(place).is_some() {
                        return Err("`stream_options.include_usage` is given twice".to_owned());
                    }
                }
            }
        }
        Ok((places, text))
    }
}

fn refuse_variant(key: &str) -> Result<(), String> {
    // Most keys are spelled as all policy keys are.
    if !key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    match POLICY_KEYS
        .iter()
        .find(|known| key.eq_ignore_ascii_case(known) && key != **known)
    {
        Some(known) => Err(format!("`{key}` is not `{known}`")),
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
