use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use gateway_core::Body;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::{Settle, Whole};
use crate::{
    canonical::{Event, Usage},
    dialect::{Dialect, Restore, StreamParser},
    error::AiError,
    loss::Losses,
    models::Target,
};

/// A provider's answer, in the provider's own dialect.
///
/// The edge prints it for the client: where both speak the same dialect and nothing was changed,
/// that is the provider's bytes as they are.
///
/// One pointer wide: every service between provider and edge hands it on in a future of its own.
#[derive(Debug)]
pub struct AiReply {
    pub(crate) parts: Box<ReplyParts>,
}

/// What an answer consists of.
#[derive(Debug)]
pub(crate) struct ReplyParts {
    pub(crate) dialect: Dialect,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ReplyBody,
    pub(crate) refusal: Option<AiError>,
    pub(crate) target: Target,
    pub(crate) provider: Arc<str>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) first_byte: Duration,
    pub(crate) losses: Losses,
    pub(crate) restore: Restore,
    pub(crate) verbatim: bool,
    pub(crate) settle: Settle,
}

/// The content of an answer.
#[derive(Debug)]
pub enum ReplyBody {
    /// The whole answer.
    Whole(Whole),
    /// A stream of events.
    Stream(Box<ReplyStream>),
    /// Bytes that mean nothing to the gateway: sound, pictures.
    Opaque(Body),
}

/// A stream of events, some of which may have been read already to see whether it is one.
pub struct ReplyStream {
    /// The provider's body.
    pub(crate) body: Body,
    /// Frames that were read and must be shown first.
    pub(crate) held: Vec<Bytes>,
    /// Has seen the held frames.
    pub(crate) parser: StreamParser,
    /// The events in the held frames.
    pub(crate) events: Vec<Event>,
    /// Whether the provider counts only because the gateway asked it to: the client must not see it.
    pub(crate) hide_usage: bool,
    /// The longest silence.
    pub(crate) idle: Option<Duration>,
    /// When the whole call must be over.
    pub(crate) deadline: Option<Instant>,
    /// Whether the body has ended.
    pub(crate) ended: bool,
}

impl AiReply {
    /// The dialect the answer is written in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.parts.dialect
    }

    /// The content.
    #[must_use]
    pub fn body(&self) -> &ReplyBody {
        &self.parts.body
    }

    /// The error this is, where the provider refused in words meant for the client.
    #[must_use]
    pub fn refusal(&self) -> Option<&AiError> {
        self.parts.refusal.as_ref()
    }

    /// Who answered.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.parts.target
    }

    /// What the request lost on its way into the provider's dialect.
    #[must_use]
    pub fn losses(&self) -> &Losses {
        &self.parts.losses
    }

    /// What the provider has counted so far; for a stream, usually nothing yet.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.parts.settle.usage()
    }
}

impl ReplyStream {
    /// A stream of which nothing was read yet.
    pub(crate) fn new(dialect: Dialect, body: Body, hide_usage: bool) -> Self {
        Self {
            body,
            held: Vec::new(),
            parser: dialect.stream_parser(),
            events: Vec::new(),
            hide_usage,
            idle: None,
            deadline: None,
            ended: false,
        }
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream")
            .field("held", &self.held.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
