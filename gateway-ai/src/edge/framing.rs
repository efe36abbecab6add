use crate::{
    dialect::{Dialect, FrameReader, Message},
    error::{AiError, AiErrorKind},
    sse::{Frame, Framer},
};

/// Cuts a passing stream into events, whatever its dialect puts around them.
#[derive(Debug)]
pub(super) enum Framing {
    /// Server-sent events.
    Text(Framer),
    /// Amazon's messages.
    Binary(FrameReader),
}

impl Framing {
    pub(super) fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Converse => Self::Binary(FrameReader::default()),
            _ => Self::Text(Framer::default()),
        }
    }

    /// Whether events end at blank lines.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Takes bytes; events go to `sink`.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(Frame<'_>),
    ) -> Result<(), AiError> {
        match self {
            Self::Text(framer) => framer.push(bytes, sink).map_err(|_| {
                AiError::upstream(
                    AiErrorKind::Malformed,
                    "an event of the provider's stream is too large",
                )
            }),
            Self::Binary(reader) => reader.push(bytes, |message| sink(event(&message))),
        }
    }

    /// Says that no more bytes come; an event whose blank line is missing goes to `sink`.
    pub(super) fn finish(&mut self, sink: impl FnMut(Frame<'_>)) {
        if let Self::Text(framer) = self {
            framer.finish(sink);
        }
    }
}

/// A message by the name of its event; what is none is told by its kind.
const fn event<'a>(message: &Message<'a>) -> Frame<'a> {
    let name = match message.kind.as_bytes() {
        b"event" => message.name,
        _ => message.kind,
    };
    Frame {
        event: name.as_bytes(),
        data: message.payload,
        id: "",
        end: message.end,
    }
}
