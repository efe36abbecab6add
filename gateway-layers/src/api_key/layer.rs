use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::{ApiKey, ApiKeyService, KeySource, service::Shared};

/// Admits requests that carry a known key.
///
/// See the [module docs](crate::api_key) for an example.
#[derive(Clone, Debug)]
pub struct ApiKeyLayer {
    shared: Arc<Shared>,
}

impl ApiKeyLayer {
    /// Admits the callers of `keys`.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self {
            shared: Arc::new(Shared::new(keys.into_iter().collect())),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }

    /// Where to look for the key. Defaults to [`KeySource::usual`].
    #[must_use]
    pub fn sources(self, sources: impl IntoIterator<Item = KeySource>) -> Self {
        self.edit(|shared| shared.sources = sources.into_iter().collect())
    }

    /// Lets requests without a key pass, without an identity. A wrong key is refused all the same.
    /// Defaults to `false`.
    #[must_use]
    pub fn optional(self, optional: bool) -> Self {
        self.edit(|shared| shared.optional = optional)
    }

    /// Removes the key before the request goes further in. Defaults to `true`: a key of yours is
    /// of no use to an upstream, except to impersonate its caller.
    #[must_use]
    pub fn strip(self, strip: bool) -> Self {
        self.edit(|shared| shared.strip = strip)
    }

    /// The name of this set of keys, which is the issuer of the identities. Defaults to `api_key`.
    #[must_use]
    pub fn issuer(self, issuer: &str) -> Self {
        self.edit(|shared| {
            shared.issuer = issuer.into();
            shared.index();
        })
    }

    /// The realm of the challenge. Defaults to `gateway`; quotes, backslashes and controls are
    /// left out of it.
    #[must_use]
    pub fn realm(self, realm: &str) -> Self {
        self.edit(|shared| {
            let plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
            shared.realm = realm.chars().filter(plain).collect();
        })
    }

    /// Tells upstream a claim of the caller – `sub` is the id of the key – in `header`, from which
    /// whatever the client sent is removed.
    #[must_use]
    pub fn claim_to_header(self, claim: &str, header: HeaderName) -> Self {
        self.edit(|shared| {
            shared.upstream.add(header, claim);
            shared.index();
        })
    }
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ApiKeyService {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
