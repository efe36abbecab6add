use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use gateway_core::Body;
use memchr::memmem;

use super::upload::upload;
use crate::error::AiError;

/// A `multipart/form-data` body (RFC 7578), read no further than the field that names the model.
///
/// Sound and pictures are uploaded this way; they are never copied but to put another model's name
/// between them. A large one is sent on while it comes in, once, and to one provider.
#[derive(Clone, Debug)]
pub struct Form {
    bytes: Bytes,
    model: Box<str>,
    place: Range<usize>,
    delimiter: Box<str>,
    rest: Option<Arc<Mutex<Option<Body>>>>,
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
        let delimiter = delimiter(content_type)?;
        let found = find(&bytes, &delimiter, true)?;
        Self::build(bytes, found.ok_or_else(missing)?, delimiter)
    }

    /// Looks for the field `model` in the beginning of a form; `None` where it is not there yet.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), for what has come so far.
    pub(crate) fn begin(bytes: Bytes, content_type: &str) -> Result<Option<Self>, AiError> {
        let delimiter = delimiter(content_type)?;
        match find(&bytes, &delimiter, false)? {
            Some(place) => Self::build(bytes, place, delimiter).map(Some),
            None => Ok(None),
        }
    }

    /// The same form with more to come.
    pub(crate) fn with_rest(mut self, rest: Body) -> Self {
        self.rest = Some(Arc::new(Mutex::new(Some(rest))));
        self
    }

    fn build(bytes: Bytes, place: Range<usize>, delimiter: Box<str>) -> Result<Self, AiError> {
        let model = std::str::from_utf8(&bytes[place.clone()]).map_err(|_| missing())?;
        if model.is_empty() {
            return Err(missing());
        }
        Ok(Self {
            model: model.into(),
            place,
            bytes,
            delimiter,
            rest: None,
        })
    }

    /// The form for another model, as it is sent. Of one that still comes in there is one only.
    pub(crate) fn body(&self, model: &str) -> Option<Body> {
        let head = self.splice(model);
        let Some(rest) = &self.rest else {
            return Some(Body::from(head));
        };
        let rest = rest.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let seen = &self.bytes[self.place.end..];
        Some(upload(head, seen, &self.delimiter, rest))
    }

    /// Whether it was sent and cannot be sent again.
    pub(crate) fn is_spent(&self) -> bool {
        let gone = |rest: &Arc<Mutex<Option<Body>>>| {
            rest.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_none()
        };
        self.rest.as_ref().is_some_and(gone)
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

/// Where the model's name stands. `whole` is a form that has all come.
fn find(bytes: &[u8], delimiter: &str, whole: bool) -> Result<Option<Range<usize>>, AiError> {
    let mut found = None;
    for part in parts(bytes, delimiter.as_bytes()) {
        let Some(part) = part else {
            if !whole {
                break;
            }
            return Err(AiError::invalid("the body is not a valid form"));
        };
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
    Ok(found)
}

fn missing() -> AiError {
    AiError::invalid("the field `model` is required").with_param("model")
}

fn delimiter(content_type: &str) -> Result<Box<str>, AiError> {
    let boundary = boundary(content_type)
        .ok_or_else(|| AiError::invalid("the content type names no usable boundary"))?;
    Ok(format!("--{boundary}").into())
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
pub(super) fn name(head: &[u8]) -> Option<&str> {
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
    fn a_beginning_is_enough() {
        let body = form(&[("prompt", "x"), ("model", "fast"), ("file", "RIFF")]);
        let whole = body.len();
        let model = body.windows(4).position(|four| four == b"fast").unwrap();
        for cut in 0..whole {
            let begun = Form::begin(body.slice(..cut), TYPE).unwrap();
            // The name is known to be whole when the line behind it begins with the delimiter.
            assert_eq!(begun.is_some(), cut >= model + 4 + 2 + 5, "{cut}");
        }
        let begun = Form::begin(body.slice(..whole - 12), TYPE)
            .unwrap()
            .unwrap();
        let begun = begun.with_rest(Body::from(body.slice(whole - 12..)));
        assert!(!begun.is_spent());
        let again = begun.clone();
        assert!(begun.body("other").is_some() && again.is_spent());
        assert!(again.body("other").is_none(), "it came once");
    }

    #[test]
    fn forms_are_known_by_their_type() {
        assert!(Form::is_form("Multipart/Form-Data; boundary=a"));
        assert!(!Form::is_form("application/json"));
    }
}
