use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::{ClientCertService, service::Shared};

/// Admits requests of connections that proved a client certificate.
///
/// See the [module docs](crate::client_cert) for an example.
#[derive(Clone, Debug, Default)]
pub struct ClientCertLayer {
    shared: Arc<Shared>,
}

impl ClientCertLayer {
    /// Admits whoever has a certificate, and nobody else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }

    /// Lets requests without a certificate pass, without an identity. Defaults to `false`.
    #[must_use]
    pub fn optional(self, optional: bool) -> Self {
        self.edit(|shared| shared.optional = optional)
    }

    /// Tells upstream a claim of the caller – `sub`, `iss`, `dn`, `serial`, `fingerprint` – in
    /// `header`, from which whatever the client sent is removed.
    #[must_use]
    pub fn claim_to_header(self, claim: &str, header: HeaderName) -> Self {
        self.edit(|shared| shared.upstream.add(header, claim))
    }
}

impl<S> Layer<S> for ClientCertLayer {
    type Service = ClientCertService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientCertService {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
