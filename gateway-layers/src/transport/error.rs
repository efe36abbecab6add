use std::fmt;

use gateway_core::{BoxError, ErrorKind, GatewayError, Request, error::cause_ref};
use http_body_util::LengthLimitError;

/// Why a request got no response head.
///
/// It knows two things a caller decides by: the [`ErrorKind`], and whether the request can have
/// reached the upstream at all.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    reason: Reason,
    unsent: bool,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The target has no host, or a scheme that is not HTTP.
    Target,
    /// Name resolution or TCP failed.
    Connect,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The handshake failed, or the certificate is not acceptable.
    Tls,
    /// The connection ended before the response head.
    Reset,
    /// What arrived is not HTTP, or not the version that was agreed on.
    Protocol,
    /// The server does not offer extended `CONNECT`.
    #[cfg_attr(
        not(feature = "proxy"),
        expect(dead_code, reason = "only the proxy opens tunnels")
    )]
    NotOffered,
    /// The request body failed while it was being sent.
    RequestBody(ErrorKind),
}

/// A request that was not answered. It is given back while nothing of it was written.
#[derive(Debug)]
pub struct Failed {
    error: Error,
    request: Option<Box<Request>>,
}

impl Failed {
    pub(super) fn unsent(error: Error, request: Request) -> Self {
        Self {
            error: error.unsent(),
            request: Some(Box::new(request)),
        }
    }

    pub(super) const fn sent(error: Error) -> Self {
        Self {
            error,
            request: None,
        }
    }

    /// Why, and the request if [`Error::is_unsent`].
    #[must_use]
    pub fn into_parts(self) -> (Error, Option<Box<Request>>) {
        (self.error, self.request)
    }
}

impl Error {
    pub(crate) fn new(reason: Reason, source: impl Into<BoxError>) -> Self {
        Self::with(reason, Some(source.into()))
    }

    pub(crate) fn bare(reason: Reason) -> Self {
        Self::with(reason, None)
    }

    fn with(reason: Reason, source: Option<BoxError>) -> Self {
        // A connection that never came to be has carried nothing.
        let unsent = matches!(
            reason,
            Reason::Target
                | Reason::Connect
                | Reason::ConnectTimeout
                | Reason::Tls
                | Reason::NotOffered
        );
        Self {
            inner: Box::new(Inner {
                reason,
                unsent,
                source,
            }),
        }
    }

    /// Classifies what hyper says about a request it was given.
    pub(crate) fn from_hyper(error: hyper::Error) -> Self {
        let reason = if error.is_parse() || error.is_parse_too_large() || error.is_parse_status() {
            Reason::Protocol
        } else if error.is_user() {
            Reason::RequestBody(body_failure(&error))
        } else {
            Reason::Reset
        };
        Self::new(reason, error)
    }

    pub(crate) fn unsent(mut self) -> Self {
        self.inner.unsent = true;
        self
    }

    /// What went wrong, in the gateway's terms.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.inner.reason {
            Reason::Target => ErrorKind::Internal,
            Reason::Connect | Reason::ConnectTimeout => ErrorKind::UpstreamConnect,
            Reason::Tls => ErrorKind::UpstreamTls,
            Reason::Reset => ErrorKind::UpstreamReset,
            Reason::Protocol => ErrorKind::UpstreamProtocol,
            Reason::NotOffered => ErrorKind::NotImplemented,
            Reason::RequestBody(kind) => kind,
        }
    }

    /// Whether nothing of the request was written to a connection, so that sending it again –
    /// whatever its method – cannot do anything twice.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.inner.unsent
    }

    /// Whether the connection could not be made in time.
    #[must_use]
    pub fn is_connect_timeout(&self) -> bool {
        self.inner.reason == Reason::ConnectTimeout
    }
}

/// A request body fails because the client left, or because a layer cut it off; only the layer
/// says so with a type of its own.
fn body_failure(error: &hyper::Error) -> ErrorKind {
    if let Some(cause) = cause_ref::<GatewayError>(error) {
        cause.kind()
    } else if cause_ref::<LengthLimitError>(error).is_some() {
        ErrorKind::BodyTooLarge
    } else {
        ErrorKind::InvalidBody
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.inner.reason {
            Reason::Target => "the target is not an absolute http or https URI",
            Reason::Connect => "connection failed",
            Reason::ConnectTimeout => "connection timed out",
            Reason::Tls => "tls handshake failed",
            Reason::Reset => "connection lost before the response",
            Reason::Protocol => "the response is not valid http",
            Reason::NotOffered => "the server offers no extended CONNECT",
            Reason::RequestBody(_) => "the request body could not be read",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for GatewayError {
    fn from(error: Error) -> Self {
        Self::new(error.kind()).source(error)
    }
}
