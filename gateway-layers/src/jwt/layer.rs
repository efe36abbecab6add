use std::sync::Arc;

use tokio::time::Instant;
use tower_layer::Layer;

use super::{FetchError, Issuer, Jwt, JwtBuilder, issuer::Keys, shared::Shared};

/// Admits requests that carry a valid JSON Web Token.
///
/// Clones share keys and verified tokens. See the [module docs](crate::jwt) for an example.
#[derive(Clone, Debug)]
pub struct JwtLayer {
    pub(super) shared: Arc<Shared>,
}

impl JwtLayer {
    /// Accepts the tokens of `issuer`.
    pub fn builder(issuer: Issuer) -> JwtBuilder {
        JwtBuilder::new(issuer)
    }

    /// Fetches the keys of all issuers that are not here yet.
    ///
    /// Not needed before serving – the first request would do it – but what a readiness probe
    /// should wait for.
    ///
    /// # Errors
    ///
    /// If an issuer's keys cannot be fetched.
    pub async fn ready(&self) -> Result<(), FetchError> {
        for issuer in &self.shared.verifier.issuers {
            let Keys::Remote(remote) = &issuer.keys else {
                continue;
            };
            let now = Instant::now();
            if remote.current(now).is_some() {
                continue;
            }
            match remote.refresh(now) {
                Some(flight) => flight.await?,
                None => return Err(FetchError::new("the last attempt failed a moment ago")),
            }
        }
        Ok(())
    }

    /// Whether the keys of all issuers are here and may be used.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let now = Instant::now();
        let mut issuers = self.shared.verifier.issuers.iter();
        issuers.all(|issuer| match &issuer.keys {
            Keys::Static(_) => true,
            Keys::Remote(remote) => remote.current(now).is_some(),
        })
    }
}

impl<S> Layer<S> for JwtLayer {
    type Service = Jwt<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Jwt {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
