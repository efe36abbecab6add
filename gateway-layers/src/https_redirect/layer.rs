use tower_layer::Layer;

use super::HttpsRedirect;

/// Sends clients to the same place over HTTPS.
///
/// See the [module docs](crate::https_redirect) for an example.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpsRedirectLayer {
    port: Option<u16>,
}

impl HttpsRedirectLayer {
    /// To the default port, 443.
    #[must_use]
    pub const fn new() -> Self {
        Self { port: None }
    }

    /// Sends clients that named a port to this one. Defaults to 443.
    ///
    /// Whoever named none talks to the default port, which something in front maps to this server,
    /// and its HTTPS is at the default port, too.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

impl<S> Layer<S> for HttpsRedirectLayer {
    type Service = HttpsRedirect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpsRedirect {
            inner,
            port: self.port,
        }
    }
}
