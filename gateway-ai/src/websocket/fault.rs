/// Why what a peer sends cannot be read. Nothing can be read after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The peer breaks the protocol.
    #[error("not a WebSocket frame: {0}")]
    Protocol(&'static str),
    /// Text that is not UTF-8.
    #[error("a text message is not UTF-8")]
    NotUtf8,
    /// A message that is longer than is read.
    #[error("a message is longer than {0} bytes")]
    TooLong(usize),
}

impl Fault {
    /// The status code of the close frame that answers it (RFC 6455 §7.4.1).
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NotUtf8 => 1007,
            Self::TooLong(_) => 1009,
        }
    }
}
