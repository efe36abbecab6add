use std::{fmt, sync::Arc};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::{HeaderName, Request, Response};
use http_body::Body as HttpBody;
use quick_cache::sync::Cache;
use tower_service::Service;

use super::{
    BuildError, Issuer, JwtLayer, TokenSource,
    remote::{Fetch, Http},
    shared::Shared,
    verify::{ByLength, Reading, Verifier},
};
use crate::{identity_headers::IdentityHeaders, transport::Client};

/// Builds a [`JwtLayer`].
#[must_use = "a builder does nothing until it is built"]
pub struct JwtBuilder {
    issuers: Vec<Issuer>,
    sources: Vec<TokenSource>,
    reading: Reading,
    realm: String,
    optional: bool,
    strip: bool,
    remembered: u64,
    fetch: Option<Arc<dyn Fetch>>,
}

impl JwtBuilder {
    pub(super) fn new(issuer: Issuer) -> Self {
        Self {
            issuers: vec![issuer],
            sources: vec![TokenSource::bearer()],
            reading: Reading {
                scopes: None,
                roles: "roles".into(),
                tenant: None,
                required_scopes: Vec::new(),
                required_roles: Vec::new(),
                upstream: IdentityHeaders::default(),
            },
            realm: "gateway".to_owned(),
            optional: false,
            strip: false,
            remembered: 16 << 20,
            fetch: None,
        }
    }

    /// Accepts the tokens of another issuer too. Its keys never verify the tokens of the first.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Where to look for the token. Defaults to [`TokenSource::bearer`].
    pub fn sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// A scope the caller must have, of all that are named so.
    pub fn require_scope(mut self, scope: &str) -> Self {
        self.reading.required_scopes.push(scope.into());
        self
    }

    /// A role the caller must have, of all that are named so.
    pub fn require_role(mut self, role: &str) -> Self {
        self.reading.required_roles.push(role.into());
        self
    }

    /// The claim that holds the scopes, by dotted path. Defaults to `scope`, then `scp`.
    pub fn scopes_claim(mut self, path: &str) -> Self {
        self.reading.scopes = Some(path.into());
        self
    }

    /// The claim that holds the roles, by dotted path. Defaults to `roles`.
    pub fn roles_claim(mut self, path: &str) -> Self {
        self.reading.roles = path.into();
        self
    }

    /// The claim that names the tenant, by dotted path. Defaults to none.
    pub fn tenant_claim(mut self, path: &str) -> Self {
        self.reading.tenant = Some(path.into());
        self
    }

    /// Tells upstream a claim in `header`, from which whatever the client sent is removed.
    pub fn claim_to_header(mut self, claim: &str, header: HeaderName) -> Self {
        self.reading.upstream.add(header, claim);
        self
    }

    /// Lets requests without a token pass, without an identity. An invalid token is refused all
    /// the same. Defaults to `false`.
    pub const fn optional(mut self, optional: bool) -> Self {
        self.optional = optional;
        self
    }

    /// Removes the token before the request goes further in. Defaults to `false`, because upstreams
    /// commonly check it once more; remove it where they do not need it.
    pub const fn strip_token(mut self, strip: bool) -> Self {
        self.strip = strip;
        self
    }

    /// The realm of the challenge. Defaults to `gateway`; quotes, backslashes and controls are
    /// left out of it.
    pub fn realm(mut self, realm: &str) -> Self {
        let plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
        self.realm = realm.chars().filter(plain).collect();
        self
    }

    /// How many bytes of verified tokens to remember, so that a token that comes again costs no
    /// signature. Defaults to 16 MiB; 0 remembers none.
    pub const fn remember(mut self, bytes: u64) -> Self {
        self.remembered = bytes;
        self
    }

    /// The HTTP client that fetches keys. Defaults to a [`Client`] of its own, and is not made
    /// where no keys are fetched.
    pub fn client<S, B>(mut self, client: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.fetch = Some(Arc::new(Http(client)));
        self
    }

    /// Builds the layer. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// If an issuer makes no sense, two have one name, or there is nowhere to look for a token.
    pub fn build(self) -> Result<JwtLayer, BuildError> {
        if self.sources.is_empty() {
            return Err(BuildError::new("there is nowhere to look for a token"));
        }
        let needs_client = self.issuers.iter().any(Issuer::is_remote);
        let fetch = match self.fetch {
            None if needs_client => Some(Arc::new(Http(Client::new())) as Arc<dyn Fetch>),
            fetch => fetch,
        };
        let build = |issuer: Issuer| issuer.build(fetch.as_ref());
        let issuers = self.issuers.into_iter().map(build);
        let issuers = issuers.collect::<Result<Vec<_>, _>>()?;
        for (index, issuer) in issuers.iter().enumerate() {
            let name = &issuer.rules.issuer;
            if issuers[..index]
                .iter()
                .any(|other| other.rules.issuer == *name)
            {
                let name = name.as_deref().unwrap_or("unnamed");
                return Err(BuildError::new(format_args!(
                    "issuer `{name}` is given twice"
                )));
            }
        }
        let items = usize::try_from(self.remembered / 4_096).unwrap_or(usize::MAX);
        Ok(JwtLayer {
            shared: Arc::new(Shared {
                verifier: Verifier {
                    issuers,
                    reading: self.reading,
                    verified: Cache::with_weighter(items, self.remembered, ByLength),
                },
                sources: self.sources,
                realm: self.realm,
                optional: self.optional,
                strip: self.strip,
            }),
        })
    }
}

impl fmt::Debug for JwtBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBuilder")
            .field("issuers", &self.issuers)
            .field("sources", &self.sources)
            .field("reading", &self.reading)
            .field("realm", &self.realm)
            .field("optional", &self.optional)
            .field("strip", &self.strip)
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}
