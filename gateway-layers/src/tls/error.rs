use std::{fmt, io};

/// Which part of the settings cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The chain of the certificate with this index.
    Certificate(usize),
    /// The key of the certificate with this index.
    Key(usize),
    /// The authorities that sign client certificates.
    ClientCa,
    /// The protocols offered by ALPN.
    Alpn,
}

/// Why no acceptor could be made of certificates and settings.
#[derive(Clone, Debug)]
pub struct TlsError {
    part: Part,
    message: String,
}

impl TlsError {
    pub(super) fn new(part: Part, message: impl Into<String>) -> Self {
        Self {
            part,
            message: message.into(),
        }
    }

    /// Which part is at fault.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }

    /// What is wrong with it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Certificate(index) => write!(f, "certificate {index}: {}", self.message),
            Part::Key(index) => write!(f, "key of certificate {index}: {}", self.message),
            Part::ClientCa => write!(f, "client authorities: {}", self.message),
            Part::Alpn => write!(f, "protocols: {}", self.message),
        }
    }
}

impl std::error::Error for TlsError {}

/// Why a handshake did not come to an end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// It took longer than allowed.
    #[error("the tls handshake took too long")]
    Timeout,
    /// The two sides could not agree, or the connection ended.
    #[error("the tls handshake failed")]
    Handshake(#[source] io::Error),
}
