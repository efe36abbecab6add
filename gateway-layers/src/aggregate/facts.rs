use std::borrow::Cow;

use bytes::Bytes;
use gateway_core::{Identity, Route};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{fault::Fault, template::Source};
use crate::transform::{Pointer, find};

/// What templates are filled in from.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) request: &'a Parts,
    /// The earlier parts by name; `None` for one that failed.
    pub(super) earlier: &'a [(&'a str, Option<Bytes>)],
}

impl<'a> Facts<'a> {
    /// The value of a variable, unless it is missing.
    pub(super) fn value(&self, source: &Source) -> Result<Option<Cow<'a, str>>, Fault> {
        let extensions = &self.request.extensions;
        Ok(match source {
            Source::Param(name) => {
                let route = extensions.get::<Route>();
                route.and_then(|route| route.param(name)).map(Cow::Borrowed)
            }
            Source::Query(name) => self.query(name)?,
            Source::Header(name) => match self.request.headers.get(name) {
                Some(value) => Some(Cow::Borrowed(value.to_str().map_err(|_| {
                    Fault::Request {
                        name: name.to_string(),
                        what: "is not text",
                    }
                })?)),
                None => None,
            },
            Source::Claim(path) => claim(extensions.get(), path),
            Source::Subject => {
                let identity = extensions.get::<Identity>();
                identity.map(|identity| Cow::Borrowed(identity.subject()))
            }
            Source::Part(name, pointer) => self.part(name, pointer)?.and_then(|raw| text(&raw)),
        })
    }

    /// The JSON at a place of an earlier part.
    pub(super) fn part(&self, name: &str, pointer: &Pointer) -> Result<Option<Bytes>, Fault> {
        let earlier = self.earlier.iter().find(|(known, _)| *known == name);
        let Some((_, Some(json))) = earlier else {
            return Err(Fault::Needs(name.to_owned()));
        };
        Ok(find(json, pointer).map(|span| json.slice(span)))
    }

    /// A parameter of the query, decoded as a form is.
    fn query(&self, name: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let pairs = self.request.uri.query().unwrap_or_default().split('&');
        for pair in pairs {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if decoded(key).as_deref() == Some(name) {
                let not_text = || Fault::Request {
                    name: name.to_owned(),
                    what: "is not text",
                };
                return decoded(value).map(Some).ok_or_else(not_text);
            }
        }
        Ok(None)
    }
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

fn claim<'a>(identity: Option<&'a Identity>, path: &str) -> Option<Cow<'a, str>> {
    match identity?.claim(path)? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Owned(flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A JSON value as text: strings without quotes, numbers and booleans as they are written.
fn text<'a>(raw: &[u8]) -> Option<Cow<'a, str>> {
    match raw.first()? {
        b'"' => serde_json::from_slice(raw).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => String::from_utf8(raw.to_vec()).ok().map(Cow::Owned),
    }
}
