use bytes::Bytes;
use gateway_core::{Body, GatewayError, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What is answered while the circuit is open, in place of the refusal: an empty list, a page that
/// asks for patience.
///
/// The typed error stays in the response's extensions, so that logs and outer layers know it for
/// what it is.
#[derive(Clone, Debug)]
pub struct Fallback {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Fallback {
    /// An answer without headers of its own.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub(super) fn answer(&self, error: GatewayError) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response.extensions_mut().insert(error);
        response
    }
}
