//! Which dialect, and what differs by it.

use http::HeaderMap;
use http::StatusCode;
use http::Uri;
use serde_json::Value;

use super::bedrock;
use super::chat;
use super::gemini;
use super::messages;
use super::refusal::Refusal;
use super::responses;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::playback::Script;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doubles::model) enum Dialect {
    Chat,
    Messages,
    Responses,
    /// Its stream is server-sent events only on request.
    Gemini {
        sse: bool,
    },
    Bedrock,
    /// Claude on Bedrock, in its own words.
    Invoked,
}

/// A request to read.
#[derive(Clone, Copy, Debug)]
pub(in crate::doubles::model) struct Incoming<'a> {
    pub(in crate::doubles::model) body: &'a Value,
    pub(in crate::doubles::model) headers: &'a HeaderMap,
    /// The model, from the path or the body.
    pub(in crate::doubles::model) model: &'a str,
    /// Whether the path demands a stream.
    pub(in crate::doubles::model) stream: bool,
}

impl Dialect {
    pub(in crate::doubles::model) fn read(self, incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
        if !incoming.body.is_object() {
            return Err(Refusal::invalid("the body must be a JSON object", None));
        }
        match self {
            Self::Chat => chat::read(incoming),
            Self::Messages => messages::read(incoming),
            Self::Responses => responses::read(incoming),
            Self::Gemini { .. } => gemini::read(incoming),
            Self::Bedrock => bedrock::read(incoming),
            Self::Invoked => bedrock::read_invoked(incoming),
        }
    }

    pub(in crate::doubles::model) fn whole(self, ask: &Ask, answers: &[Answer]) -> Value {
        match self {
            Self::Chat => chat::whole(ask, answers),
            Self::Messages | Self::Invoked => messages::whole(ask, &answers[0]),
            Self::Responses => responses::whole(ask, &answers[0]),
            Self::Gemini { .. } => gemini::whole(ask, answers),
            Self::Bedrock => bedrock::whole(&answers[0]),
        }
    }

    pub(in crate::doubles::model) fn stream(self, ask: &Ask, answers: &[Answer]) -> Script {
        match self {
            Self::Chat => chat::stream(ask, answers),
            Self::Messages => messages::stream(ask, &answers[0]),
            Self::Responses => responses::stream(ask, &answers[0]),
            Self::Gemini { sse } => gemini::stream(ask, answers, sse),
            Self::Bedrock => bedrock::stream(&answers[0]),
            Self::Invoked => bedrock::stream_invoked(ask, &answers[0]),
        }
    }

    pub(in crate::doubles::model) fn stream_type(self) -> &'static str {
        match self {
            Self::Chat | Self::Messages | Self::Responses => "text/event-stream; charset=utf-8",
            Self::Gemini { sse: true } => "text/event-stream",
            Self::Gemini { sse: false } => "application/json; charset=UTF-8",
            Self::Bedrock | Self::Invoked => "application/vnd.amazon.eventstream",
        }
    }

    pub(in crate::doubles::model) fn refusal(self, refusal: &Refusal) -> Value {
        match self {
            Self::Chat | Self::Responses => chat::refusal(refusal),
            Self::Messages => messages::refusal(refusal),
            Self::Gemini { .. } => gemini::refusal(refusal),
            Self::Bedrock | Self::Invoked => bedrock::refusal(refusal),
        }
    }

    /// Bedrock names the exception in a header.
    pub(in crate::doubles::model) fn refusal_header(
        self,
        refusal: &Refusal,
    ) -> Option<(&'static str, &'static str)> {
        let named = matches!(self, Self::Bedrock | Self::Invoked);
        named.then(|| ("x-amzn-errortype", bedrock::exception(refusal.status)))
    }

    /// The status of a missing or wrong key.
    pub(in crate::doubles::model) fn unauthorized(self) -> StatusCode {
        match self {
            Self::Bedrock | Self::Invoked => StatusCode::FORBIDDEN,
            Self::Chat | Self::Messages | Self::Responses | Self::Gemini { .. } => {
                StatusCode::UNAUTHORIZED
            }
        }
    }

    /// Whether the request presents `key` where this dialect's clients put it.
    pub(in crate::doubles::model) fn presents(
        self,
        key: &str,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = || header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let given = match self {
            Self::Chat | Self::Responses => bearer().or_else(|| header("api-key")),
            Self::Messages => header("x-api-key").or_else(bearer),
            Self::Gemini { .. } => header("x-goog-api-key").or_else(bearer).or_else(|| {
                uri.query()?
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("key="))
            }),
            Self::Bedrock | Self::Invoked => header("authorization")
                .and_then(bedrock::access_key)
                .or_else(bearer),
        };
        given == Some(key)
    }
}
