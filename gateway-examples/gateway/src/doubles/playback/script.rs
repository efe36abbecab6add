//! The frames of a streamed answer.

use bytes::Bytes;

/// One frame of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    /// Completion tokens that the client has once it has the frame.
    pub(crate) tokens: u64,
    /// Whether it carries content, and so is paced.
    pub(crate) content: bool,
}

/// A streamed answer before anything goes wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// From the first frame to the last before the end of the message.
    pub(crate) frames: Vec<Frame>,
    /// What makes the answer complete: stop reason, usage, terminator.
    pub(crate) tail: Vec<Bytes>,
    /// An error event of the dialect.
    pub(crate) error: Bytes,
    /// A frame that does not parse.
    pub(crate) malformed: Bytes,
}

impl Script {
    /// Adds a frame that only gives structure.
    pub(crate) fn mark(&mut self, bytes: impl Into<Bytes>) {
        self.frames.push(Frame {
            bytes: bytes.into(),
            tokens: 0,
            content: false,
        });
    }

    /// Adds a frame of content.
    pub(crate) fn content(&mut self, bytes: impl Into<Bytes>, tokens: u64) {
        self.frames.push(Frame {
            bytes: bytes.into(),
            tokens,
            content: true,
        });
    }
}
