use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use crate::error::AiError;

/// A `multipart/form-data` body (RFC 7578), read no further than the field that names the model.
///
/// Sound and pictures are uploaded this way; they are never copied but to put another model's name
/// between them.
#[derive(Clone, Debug)]
pub struct Form {
    bytes: Bytes,
    model: Box<str>,
    place: Range<usize>,
}

impl Form {
    /// Whether a body with this content type is a form.
    #[must_use]
    pub fn is_form(content_type: &str) -> bool {
        let media = content_type.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("multipart/form-data")
    }

    /// Looks for the field `model`.
    ///
    /// # Errors
    ///
    /// A client fault when the body is no form, or names no model, or two.
    pub fn read(bytes: Bytes, content_type: &str) -> Result<Self, AiError> {
        let boundary = boundary(content_type)
            .ok_or_else(|| AiError::invalid("the content type names no usable boundary"))?;
        let delimiter = format!("--{boundary}");
        let mut found = None;
        for part in parts(&bytes, delimiter.as_bytes()) {
            let part = part.ok_or_else(|| AiError::invalid("the body is not a valid form"))?;
            let Some(name) = name(&bytes[part.head]) else {
                continue;
            };
            if !name.eq_ignore_ascii_case("model") {
                continue;
            }
            if name != "model" || found.replace(part.content).is_some() {
                let message = "the field `model` is given twice or in another case";
                return Err(AiError::invalid(message).with_param("model"));
            }
        }
        let missing = || AiError::invalid("the field `model` is required").with_param("model");
        let place = found.ok_or_else(missing)?;
        let model = std::str::from_utf8(&bytes[place.clone()]).map_err(|_| missing())?;
        if model.is_empty() {
            return Err(missing());
        }
        Ok(Self {
            model: model.into(),
            place,
            bytes,
        })
    }

    /// The model the client names.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The same form for another model.
    #[must_use]
    pub fn splice(&self, model: &str) -> Bytes {
        if model == &*self.model {
            return self.bytes.clone();
        }
        let mut out = BytesMut::with_capacity(self.bytes.len() + model.len());
        out.extend_from_slice(&self.bytes[..self.place.start]);
        out.extend_from_slice(model.as_bytes());
        out.extend_from_slice(&self.bytes[self.place.end..]);
        out.freeze()
    }
}

/// Where a part's header fields and its content stand.
struct Part {
    head: Range<usize>,
    content: Range<usize>,
}

/// The parts between delimiters; `None` for what is none.
fn parts<'a>(body: &'a [u8], delimiter: &'a [u8]) -> impl Iterator<Item = Option<Part>> + 'a {
    let finder = memmem::Finder::new(delimiter);
    let mut at = finder.find(body).map(|start| start + delimiter.len());
    let mut broken = at.is_none();
    std::iter::from_fn(move || {
        if std::mem::take(&mut broken) {
            return Some(None);
        }
        let start = at?;
        if body[start..].starts_with(b"--") {
            at = None;
            return None;
        }
        let part = part(body, start, delimiter);
        at = part
            .as_ref()
            .map(|part| part.content.end + 2 + delimiter.len());
        Some(part)
    })
}

fn part(body: &[u8], start: usize, delimiter: &[u8]) -> Option<Part> {
    // The delimiter's line ends, then come header fields, an empty line and the content.
    let head = start + memmem::find(&body[start..], b"\r\n")? + 2;
    let content = head + memmem::find(&body[head..], b"\r\n\r\n")? + 4;
    let mut end = content;
    loop {
        end += memmem::find(&body[end..], delimiter)?;
        if end >= content + 2 && body[..end].ends_with(b"\r\n") {
            return Some(Part {
                head: head..content,
                content: content..end - 2,
            });
        }
        end += delimiter.len();
    }
}

/// The field's name, from its `Content-Disposition`.
fn name(head: &[u8]) -> Option<&str> {
    let head = std::str::from_utf8(head).ok()?;
    let value = head.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field
            .trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    value.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("name")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// 1 to 70 characters (RFC 2046 §5.1.1).
fn boundary(content_type: &str) -> Option<&str> {
    let boundary = content_type.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"'))
    })?;
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"xYz\"";

    fn form(parts: &[(&str, &str)]) -> Bytes {
        let mut body = String::new();
        for (name, content) in parts {
            body += &format!(
                "--xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n"
            );
        }
        Bytes::from(body + "--xYz--\r\n")
    }

    #[test]
    fn only_the_model_changes() {
        let body = form(&[
            ("file", "--xYz \r\n--xY"),
            ("model", "fast"),
            ("prompt", "model"),
        ]);
        let read = Form::read(body.clone(), TYPE).unwrap();
        assert_eq!(read.model(), "fast");
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(read.splice("whisper-1"), text.replace("fast", "whisper-1"));
        assert_eq!(read.splice("fast").as_ptr(), body.as_ptr());
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for body in [
            form(&[("model", "a"), ("model", "b")]),
            form(&[("model", "a"), ("Model", "b")]),
            form(&[("Model", "b")]),
            form(&[("model", "")]),
            form(&[("file", "x")]),
            Bytes::from_static(b"--xYz\r\nno end"),
            Bytes::from_static(b"nothing"),
            Bytes::new(),
        ] {
            assert!(Form::read(body.clone(), TYPE).is_err(), "{body:?}");
        }
        assert!(Form::read(form(&[("model", "a")]), "multipart/form-data").is_err());
    }

    #[test]
    fn forms_are_known_by_their_type() {
        assert!(Form::is_form("Multipart/Form-Data; boundary=a"));
        assert!(!Form::is_form("application/json"));
    }
}
