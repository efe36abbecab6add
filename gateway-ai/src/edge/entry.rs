use bytes::Bytes;
use http::{header, request::Parts};

use crate::{
    call::{AiCall, Form, Operation},
    dialect::Dialect,
    error::AiError,
};

/// By which door a call came in.
pub(super) struct Entry {
    pub(super) dialect: Dialect,
    pub(super) operation: Operation,
    /// Model and stream, where the URL says them.
    pub(super) url: Option<(String, bool)>,
}

impl Entry {
    /// A call whose URL says nothing but what is asked for.
    pub(super) const fn plain(dialect: Dialect, operation: Operation) -> Self {
        Self {
            dialect,
            operation,
            url: None,
        }
    }

    /// A call whose URL names the model and says whether a stream is wanted.
    pub(super) fn named(dialect: Dialect, operation: Operation, model: &str, stream: bool) -> Self {
        Self {
            dialect,
            operation,
            url: Some((unescape(model), stream)),
        }
    }
}

/// A model's name as clients escape it in a path: AWS's to one segment, with every colon and slash
/// in it. What comes out is a name like any other and looked up as one, so that escaping lets nothing
/// through; what is no text stays as it is, to be refused.
fn unescape(model: &str) -> String {
    percent_encoding::percent_decode_str(model)
        .decode_utf8()
        .map_or_else(|_| model.to_owned(), Into::into)
}

/// Whether a stream of Gemini's is wanted as an array, which is what it has unless events are asked
/// for.
pub(super) fn wants_array(entry: &Entry, query: Option<&str>) -> bool {
    let streams = entry.url.as_ref().is_some_and(|(_, stream)| *stream);
    let mut pairs = query.unwrap_or_default().split('&');
    entry.dialect == Dialect::Gemini
        && streams
        && !pairs.any(|pair| matches!(pair, "alt=sse" | "$alt=sse" | "%24alt=sse"))
}

/// Reads a body as far as routing needs it. Content types are not trusted beyond telling a form, since
/// half of all clients send JSON under another name.
pub(super) fn read_call(entry: Entry, bytes: Bytes) -> Result<AiCall, AiError> {
    let Entry {
        dialect,
        operation,
        url,
    } = entry;
    if let Some((model, stream)) = url {
        let call = AiCall::from_url(dialect, bytes, &model, stream)?;
        return Ok(call.with_operation(operation));
    }
    AiCall::from_wire(dialect, operation, bytes)
}

impl Entry {
    /// The content type of a form, where the body is one and may be.
    pub(super) fn form<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        if !matches!(self.operation, Operation::Pass(_)) || self.url.is_some() {
            return None;
        }
        let media = parts.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        Form::is_form(media).then_some(media)
    }
}
