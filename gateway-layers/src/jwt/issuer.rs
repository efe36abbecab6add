use std::{sync::Arc, time::Duration};

use super::{
    Algorithm, BuildError, VerifyingKey,
    claims::Rules,
    jwk::{self, Secrets},
    key::KeySet,
    remote::{Fetch, Location, Remote, Timing},
};

/// Whose tokens are accepted, and on what conditions.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: Option<Box<str>>,
    origin: Origin,
    audiences: Option<Vec<Box<str>>>,
    any_audience: bool,
    algorithms: Option<Vec<Algorithm>>,
    leeway: Duration,
    max_age: Option<Duration>,
    required: Vec<Box<str>>,
    typ: Option<Box<str>>,
    allow_http: bool,
    timing: Timing,
}

#[derive(Clone, Debug)]
enum Origin {
    Discovery,
    Url(Box<str>),
    Keys(Vec<VerifyingKey>),
    Document(Box<[u8]>),
}

impl Issuer {
    /// An OpenID Connect issuer, whose keys are found by discovery: `https://id.example.com`,
    /// exactly as it stands in its tokens.
    #[must_use]
    pub fn oidc(issuer: &str) -> Self {
        Self::new(Some(issuer), Origin::Discovery)
    }

    /// An issuer whose JWK set is at `url`.
    #[must_use]
    pub fn jwks(issuer: &str, url: &str) -> Self {
        Self::new(Some(issuer), Origin::Url(url.into()))
    }

    /// An issuer with these keys.
    #[must_use]
    pub fn keys(issuer: &str, keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self::new(Some(issuer), Origin::Keys(keys.into_iter().collect()))
    }

    /// Whoever signs with these keys, whatever `iss` says.
    #[must_use]
    pub fn unnamed(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self::new(None, Origin::Keys(keys.into_iter().collect()))
    }

    /// An issuer with the JWK set in `document`, from a file for instance.
    #[must_use]
    pub fn jwk_set(issuer: &str, document: &[u8]) -> Self {
        Self::new(Some(issuer), Origin::Document(document.into()))
    }

    fn new(name: Option<&str>, origin: Origin) -> Self {
        Self {
            name: name.map(Into::into),
            origin,
            audiences: None,
            any_audience: false,
            algorithms: None,
            leeway: Duration::from_secs(30),
            max_age: None,
            required: Vec::new(),
            typ: None,
            allow_http: false,
            timing: Timing {
                refresh: Duration::from_secs(60 * 60),
                cooldown: Duration::from_secs(10),
                stale: Duration::from_secs(24 * 60 * 60),
                timeout: Duration::from_secs(5),
            },
        }
    }

    /// An audience that is us; of several, one must be in the token's `aud`.
    ///
    /// An issuer needs one, or [`any_audience`](Self::any_audience): without the check, a token
    /// that the caller was given for another service opens this one.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.audiences.get_or_insert_default().push(audience.into());
        self
    }

    /// Accepts tokens for whatever audience, or none.
    #[must_use]
    pub const fn any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// The algorithms that are accepted, of those the keys permit. Defaults to all of them, which
    /// are asymmetric unless a secret was given.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far clocks may differ. Defaults to 30 s; whole seconds.
    #[must_use]
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How old a token may be by its `iat`, whatever its `exp` says. Defaults to no limit.
    #[must_use]
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// A claim that must be there. `exp` must in any case.
    #[must_use]
    pub fn require_claim(mut self, name: &str) -> Self {
        self.required.push(name.into());
        self
    }

    /// The `typ` a token must have. Defaults to none, `JWT` or `at+jwt`.
    #[must_use]
    pub fn typ(mut self, typ: &str) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// Fetches keys over plain HTTP from other machines too. Defaults to `false`: whoever is on
    /// the way can then sign tokens.
    #[must_use]
    pub const fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// How long fetched keys are fresh when the issuer's `Cache-Control` does not say; either way
    /// between 5 min and 24 h. Defaults to 1 h.
    #[must_use]
    pub const fn refresh(mut self, refresh: Duration) -> Self {
        self.timing.refresh = refresh;
        self
    }

    /// Between two attempts to fetch keys, whatever asks for them: a stream of made-up key ids
    /// must not become a stream of requests to the issuer. Defaults to 10 s.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.timing.cooldown = cooldown;
        self
    }

    /// How long keys are used that should have been refreshed but cannot be. Defaults to 24 h.
    #[must_use]
    pub const fn stale_if_error(mut self, stale: Duration) -> Self {
        self.timing.stale = stale;
        self
    }

    /// How long one attempt to fetch keys may take. Defaults to 5 s.
    #[must_use]
    pub const fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.timing.timeout = timeout;
        self
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self.origin, Origin::Discovery | Origin::Url(_))
    }

    pub(super) fn build(self, fetch: Option<&Arc<dyn Fetch>>) -> Result<Trusted, BuildError> {
        let name = self.name.as_deref().unwrap_or("unnamed").to_owned();
        let wrong = |message: &str| BuildError::new(format_args!("issuer `{name}`: {message}"));
        if self.audiences.is_none() && !self.any_audience {
            return Err(wrong(
                "say which audience tokens must be for, or any_audience",
            ));
        }
        let remote = |location: Result<Location, &'static str>| {
            let fetch = fetch.ok_or_else(|| wrong("no HTTP client"))?;
            let location = location.map_err(wrong)?;
            let remote = Remote::new(location, Arc::clone(fetch), self.timing);
            Ok((Keys::Remote(remote), Algorithm::ASYMMETRIC.to_vec()))
        };
        let (keys, permitted) = match self.origin {
            Origin::Discovery => remote(Location::discovery(&name, self.allow_http))?,
            Origin::Url(url) => remote(Location::set(&url, self.allow_http))?,
            Origin::Keys(keys) if keys.is_empty() => return Err(wrong("there are no keys")),
            Origin::Keys(keys) => {
                let permitted = keys
                    .iter()
                    .flat_map(VerifyingKey::algorithms)
                    .copied()
                    .collect();
                (Keys::Static(KeySet::new(keys)), permitted)
            }
            Origin::Document(document) => {
                let keys = jwk::set(&document, Secrets::Refused);
                let keys = keys.map_err(|error| wrong(&error.to_string()))?;
                if keys.is_empty() {
                    return Err(wrong("no key of the set can be used"));
                }
                (Keys::Static(keys), Algorithm::ASYMMETRIC.to_vec())
            }
        };
        let algorithms = narrow(permitted, self.algorithms.as_deref());
        let algorithms = algorithms.ok_or_else(|| wrong("no key permits the algorithms"))?;
        Ok(Trusted {
            keys,
            rules: Rules {
                issuer: self.name,
                audiences: self.audiences.filter(|_| !self.any_audience),
                algorithms,
                leeway: self.leeway,
                max_age: self.max_age,
                required: self.required,
                typ: self.typ,
            },
        })
    }
}

fn narrow(permitted: Vec<Algorithm>, wanted: Option<&[Algorithm]>) -> Option<Vec<Algorithm>> {
    let Some(wanted) = wanted else {
        return Some(permitted);
    };
    let fits = wanted.iter().all(|algorithm| permitted.contains(algorithm));
    (fits && !wanted.is_empty()).then(|| wanted.to_vec())
}

/// An issuer as it is used.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) rules: Rules,
    pub(super) keys: Keys,
}

#[derive(Debug)]
pub(super) enum Keys {
    Static(KeySet),
    Remote(Remote),
}
