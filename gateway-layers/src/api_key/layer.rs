use std::sync::Arc;

use http::HeaderName;
use tower_layer::Layer;

use super::{ApiKey, ApiKeyService, KeyError, key::KeySet, service::Shared, source::Sources};

/// Admits requests that carry a known API key.
///
/// See the [module docs](crate::api_key) for an example.
#[derive(Clone, Debug)]
pub struct ApiKeyLayer {
    shared: Arc<Shared>,
}

impl ApiKeyLayer {
    /// Admits the bearers of `keys`.
    ///
    /// # Errors
    ///
    /// If a key is empty or stands twice, or if two have the same id.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, KeyError> {
        let shared = Shared {
            keys: KeySet::new(keys)?,
            sources: Sources::default(),
            optional: false,
            strip: true,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }

    /// Looks for the key in this header alone; `Authorization` means its `Bearer` scheme. Defaults to
    /// `Authorization`, `x-api-key`, `x-goog-api-key` and `api-key`.
    #[must_use]
    pub fn header(self, name: HeaderName) -> Self {
        self.headers([name])
    }

    /// Looks for the key in these headers, of which one may hold it, or several the same.
    #[must_use]
    pub fn headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.edit(|shared| shared.sources = Sources::of(names.into_iter().collect()))
    }

    /// Whether a request without a key passes. One with a wrong key never does. Defaults to `false`.
    #[must_use]
    pub fn optional(self, optional: bool) -> Self {
        self.edit(|shared| shared.optional = optional)
    }

    /// Whether the key is removed from the request. Defaults to `true`.
    #[must_use]
    pub fn strip(self, strip: bool) -> Self {
        self.edit(|shared| shared.strip = strip)
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
