use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode};

use super::ErrorKind;
use crate::BoxError;

/// A failure the gateway answers for: kind, detail for humans, headers, and the cause.
///
/// Pointer-sized and cheap to clone, since it travels in response extensions. `Display` prints the
/// title and detail, never the source: what a client may read and what an operator needs are
/// different things.
#[derive(Clone)]
pub struct GatewayError {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    status: Option<StatusCode>,
    detail: Option<Cow<'static, str>>,
    layer: Option<&'static str>,
    param: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    members: Vec<(&'static str, serde_json::Value)>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl GatewayError {
    /// A failure of `kind`, with nothing more to say.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                status: None,
                detail: None,
                layer: None,
                param: None,
                retry_after: None,
                headers: Vec::new(),
                members: Vec::new(),
                source: None,
            }),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.inner));
        self
    }

    /// Says what happened, for humans. It reaches the client: no addresses, keys or internals.
    #[must_use]
    pub fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.detail = Some(detail.into()))
    }

    /// Names the layer that refused.
    #[must_use]
    pub fn layer(self, layer: &'static str) -> Self {
        self.edit(|inner| inner.layer = Some(layer))
    }

    /// Names the parameter or field at fault, as a dotted path.
    #[must_use]
    pub fn param(self, param: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.param = Some(param.into()))
    }

    /// Sets `Retry-After`, rounded up to whole seconds and at least one (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(after))
    }

    /// Adds a header to the refusal, such as `WWW-Authenticate` or `Allow`.
    #[must_use]
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.edit(|inner| inner.headers.push((name, value)))
    }

    /// Adds an extension member to the problem document (RFC 9457 §3.2).
    #[must_use]
    pub fn member(self, name: &'static str, value: serde_json::Value) -> Self {
        self.edit(|inner| inner.members.push((name, value)))
    }

    /// Overrides the status of the kind: an upstream's own 5xx that is passed on, for instance.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Keeps the cause. It is never shown to a client.
    #[must_use]
    pub fn source(self, source: impl Into<BoxError>) -> Self {
        self.edit(|inner| inner.source = Some(Arc::from(source.into())))
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The stable code, short for `self.kind().code()`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.inner.kind.code()
    }

    /// The status of the refusal.
    #[must_use]
    pub fn status_code(&self) -> StatusCode {
        self.inner
            .status
            .unwrap_or_else(|| self.inner.kind.status())
    }

    /// What happened, if the layer said so.
    #[must_use]
    pub fn detail_str(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// The layer that refused, if it said so.
    #[must_use]
    pub fn layer_name(&self) -> Option<&'static str> {
        self.inner.layer
    }

    /// The parameter at fault, if there is one.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.inner.param.as_deref()
    }

    /// When to come back, if known.
    #[must_use]
    pub fn retry_after_value(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// The headers of the refusal.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.inner.headers
    }

    /// The extension members of the problem document.
    #[must_use]
    pub fn members(&self) -> &[(&'static str, serde_json::Value)] {
        &self.inner.members
    }

    /// The cause, if it is known.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.inner.source.as_deref()
    }
}

impl From<ErrorKind> for GatewayError {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.kind.title())?;
        match &self.inner.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayError")
            .field("kind", &self.inner.kind)
            .field("detail", &self.inner.detail)
            .field("layer", &self.inner.layer)
            .field("source", &self.inner.source)
            .finish_non_exhaustive()
    }
}

impl Error for GatewayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner
            .source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_pointer_sized() {
        assert_eq!(size_of::<GatewayError>(), size_of::<usize>());
    }

    #[test]
    fn display_hides_the_source() {
        let error = GatewayError::new(ErrorKind::UpstreamConnect)
            .detail("orders")
            .source("10.0.0.1: refused");
        assert_eq!(error.to_string(), "Upstream connection failed: orders");
        assert!(error.cause().is_some());
    }
}
