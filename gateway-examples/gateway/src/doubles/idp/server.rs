//! The provider.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use axum::Router;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use tokio::net::TcpListener;

use super::claims;
use super::keys::KeyPairs;
use super::routes;
use crate::doubles::Serving;
use crate::doubles::fault::Faults;
use crate::doubles::gate;
use crate::doubles::spawn_on;
use crate::doubles::stats::Stats;

/// A mock identity provider. See the [module docs](crate::doubles::idp) for an example.
///
/// Clones share keys, faults and counters.
#[derive(Clone)]
pub struct IdpServer {
    issuer: Arc<str>,
    keys: Arc<Mutex<KeyRing>>,
    faults: Faults,
    stats: Stats,
}

struct KeyRing {
    generation: u64,
    current: KeyPairs,
    former: Vec<KeyPairs>,
}

impl IdpServer {
    /// A provider with new keys. `issuer` is its own URL without a trailing slash.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        let ring = KeyRing {
            generation: 1,
            current: KeyPairs::generate(1),
            former: Vec::new(),
        };
        Self {
            issuer: Arc::from(issuer),
            keys: Arc::new(Mutex::new(ring)),
            faults: Faults::default(),
            stats: Stats::default(),
        }
    }

    /// Serves a new provider on a free loopback port; its URL is the issuer.
    ///
    /// # Errors
    ///
    /// Fails when no loopback port can be bound.
    pub async fn spawn() -> io::Result<(Self, Serving)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let idp = Self::new(&format!("http://{}", listener.local_addr()?));
        let serving = spawn_on(listener, idp.router())?;
        Ok((idp, serving))
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are published.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        format!("{}/jwks", self.issuer)
    }

    /// A token signed with RS256.
    ///
    /// `iss`, `sub`, `iat` and `exp` (an hour from now) are added where they are missing; a claim
    /// that is `null` is left out.
    #[must_use]
    pub fn mint(&self, claims: &Value) -> String {
        self.mint_with(Algorithm::RS256, claims)
    }

    /// A token signed with ES256, or with RS256 for any other algorithm.
    #[must_use]
    pub fn mint_with(&self, algorithm: Algorithm, claims: &Value) -> String {
        let claims = claims::complete(claims, &self.issuer, now());
        self.ring().current.sign(algorithm, &claims)
    }

    /// A token whose key id is published and whose signature is by another key.
    #[must_use]
    pub fn forge(&self, claims: &Value) -> String {
        let claims = claims::complete(claims, &self.issuer, now());
        let stranger = KeyPairs::generate(self.ring().generation);
        stranger.sign(Algorithm::RS256, &claims)
    }

    /// Signs with new keys from now on. The former stay published until [`Self::retire`].
    pub fn rotate(&self) {
        let next = self.ring().generation + 1;
        // Made outside the lock: it takes a while.
        let keys = KeyPairs::generate(next);
        let mut ring = self.ring();
        ring.generation = next;
        let former = std::mem::replace(&mut ring.current, keys);
        ring.former.push(former);
    }

    /// Publishes the former keys no longer.
    pub fn retire(&self) {
        self.ring().former.clear();
    }

    /// The published keys.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        let ring = self.ring();
        let pairs = std::iter::once(&ring.current).chain(&ring.former);
        JwkSet {
            keys: pairs.flat_map(KeyPairs::public).cloned().collect(),
        }
    }

    /// The faults it commits.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// What it saw and sent; fetches of the keys are counted by their path, `/jwks`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }

    /// All of its routes.
    pub fn router(&self) -> Router {
        gate::gated(routes::routes(self.clone()), self.faults(), self.stats())
    }

    fn ring(&self) -> MutexGuard<'_, KeyRing> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Not derived: private keys must not be printed.
impl fmt::Debug for IdpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdpServer")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
