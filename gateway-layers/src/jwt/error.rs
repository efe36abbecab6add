use std::{error::Error, fmt, sync::Arc};

use gateway_core::BoxError;

/// Why the keys of an issuer could not be fetched.
///
/// Cheap to clone: all requests that waited for one attempt get it.
#[derive(Clone, Debug)]
pub struct FetchError {
    what: &'static str,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl FetchError {
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, source: None }
    }

    pub(super) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Why a layer cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    message: String,
}

impl BuildError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for BuildError {}
