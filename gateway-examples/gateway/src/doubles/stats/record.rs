//! One request as it came, and one model call as it went.

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::Uri;
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

/// A request as the double received it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Captured {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, at most the first 256 KiB.
    pub body: Bytes,
    /// The length of the whole body.
    pub body_len: usize,
}

impl Captured {
    pub(crate) fn new(parts: &Parts, body: &Bytes) -> Self {
        let (method, uri, headers) = (
            parts.method.clone(),
            parts.uri.clone(),
            parts.headers.clone(),
        );
        let kept = body.slice(..body.len().min(BODY_LIMIT));
        Self {
            method,
            uri,
            headers,
            body: kept,
            body_len: body.len(),
        }
    }

    /// The first value of a header, when it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, or `Null`.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn print(&self) -> Value {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
            .collect();
        json!({
            "method": self.method.as_str(),
            "uri": self.uri.to_string(),
            "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
            "body_len": self.body_len,
        })
    }
}

/// The truth about one model call, written when its answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// The path it came on.
    pub path: String,
    /// The model it named.
    pub model: String,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// Tokens of all message text in the request.
    pub prompt_tokens: u64,
    /// How often earlier thinking came back with the signature it was given.
    pub proofs: u64,
    /// Tokens really sent: thinking, text and tool calls.
    pub completion_tokens: u64,
    /// `complete`, `faulted` (ended as a fault demanded) or `cancelled` (the client left).
    pub outcome: &'static str,
}

const BODY_LIMIT: usize = 256 * 1024;
