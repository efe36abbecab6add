//! From a token to a caller.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use gateway_core::{Identity, context::IdentityKind};
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    claims::{Invalid, Lifetime},
    issuer::{Keys, Trusted},
    key::KeySet,
    remote::{Flight, Remote},
    token::{self, Token},
};
use crate::identity_headers::{IdentityHeaders, Values};

/// The issuers, what to read from their tokens, and the tokens read of late.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) issuers: Vec<Trusted>,
    pub(super) reading: Reading,
    pub(super) verified: Cache<Box<str>, Arc<Verified>, ByLength>,
}

/// What to read from claims.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) scopes: Option<Box<str>>,
    pub(super) roles: Box<str>,
    pub(super) tenant: Option<Box<str>>,
    pub(super) required_scopes: Vec<Box<str>>,
    pub(super) required_roles: Vec<Box<str>>,
    pub(super) upstream: IdentityHeaders,
}

/// A token whose signature and claims were found right, and all that follows from it.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) identity: Identity,
    pub(super) upstream: Values,
    pub(super) permitted: bool,
    issuer: usize,
    generation: u64,
    lifetime: Lifetime,
}

/// The answer about a token.
pub(super) enum Verdict {
    Valid(Arc<Verified>),
    Invalid(Invalid),
    /// It depends on keys that have to be fetched.
    Wait(Flight),
    /// It depends on keys that cannot be had.
    Unavailable {
        retry_after: std::time::Duration,
    },
}

/// Now, on both clocks: the wall's, which tokens speak of, and the one that only moves forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) unix: u64,
    pub(super) instant: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            unix: since.map_or(0, |since| since.as_secs()),
            instant: Instant::now(),
        }
    }
}

impl Verifier {
    /// Judges `token`; after a wait, with what there is.
    pub(super) fn verify(&self, token: &str, now: Moment, waited: bool) -> Verdict {
        if let Some(known) = self.verified.get(token)
            && self.still_holds(&known, now)
        {
            return Verdict::Valid(known);
        }
        match self.examine(token, now, waited) {
            Ok(verdict) => verdict,
            Err(invalid) => Verdict::Invalid(invalid),
        }
    }

    /// A token verified before holds as long as its dates do and its issuer has the same keys.
    fn still_holds(&self, known: &Verified, now: Moment) -> bool {
        let generation = match &self.issuers[known.issuer].keys {
            Keys::Static(_) => Some(0),
            Keys::Remote(remote) => {
                let current = remote.current(now.instant);
                current.and_then(|keys| keys.as_ref().map(|keys| keys.generation))
            }
        };
        generation == Some(known.generation) && known.lifetime.holds(now.unix)
    }

    fn examine(&self, text: &str, now: Moment, waited: bool) -> Result<Verdict, Invalid> {
        let token = token::parse(text)?;
        let index = self.issuer_of(&token)?;
        let issuer = &self.issuers[index];
        if !issuer.rules.algorithms.contains(&token.algorithm) {
            return Err(Invalid::Malformed("the token's algorithm is not accepted"));
        }
        let generation = match &issuer.keys {
            Keys::Static(keys) => {
                check_signature(keys, &token)?;
                0
            }
            Keys::Remote(remote) => match by_remote(remote, &token, now, waited)? {
                Ok(generation) => generation,
                Err(verdict) => return Ok(verdict),
            },
        };
        let lifetime = issuer
            .rules
            .check(token.typ.as_deref(), &token.claims, now.unix)?;
        let read = self.reading.read(token.claims)?;
        let verified = Arc::new(Verified {
            upstream: self.reading.upstream.values(&read.identity),
            identity: read.identity,
            permitted: read.permitted,
            issuer: index,
            generation,
            lifetime,
        });
        self.verified.insert(text.into(), Arc::clone(&verified));
        Ok(Verdict::Valid(verified))
    }

    /// The claim only chooses whose keys must have signed it.
    fn issuer_of(&self, token: &Token<'_>) -> Result<usize, Invalid> {
        let claimed = token.claims.get("iss").and_then(Value::as_str);
        let mut issuers = self.issuers.iter();
        issuers
            .position(|issuer| {
                issuer.rules.issuer.is_some() && issuer.rules.issuer.as_deref() == claimed
            })
            .or_else(|| {
                self.issuers
                    .iter()
                    .position(|issuer| issuer.rules.issuer.is_none())
            })
            .ok_or(Invalid::Rule("the issuer is another one"))
    }
}

/// The generation of the keys that verify `token`, or what stands in the way.
fn by_remote(
    remote: &Remote,
    token: &Token<'_>,
    now: Moment,
    waited: bool,
) -> Result<Result<u64, Verdict>, Invalid> {
    let wait = || {
        remote
            .refresh(now.instant)
            .filter(|_| !waited)
            .map(Verdict::Wait)
    };
    let current = remote.current(now.instant);
    let Some(keys) = current.as_ref().and_then(|keys| keys.as_ref()) else {
        let retry_after = remote.rest(now.instant);
        return Ok(Err(wait().unwrap_or(Verdict::Unavailable { retry_after })));
    };
    let Err(wrong) = check_signature(&keys.keys, token) else {
        return Ok(Ok(keys.generation));
    };
    // A key of that name is here and did not sign it. Else the right one may be new.
    let named = token.key_id.as_deref().is_some_and(|id| keys.keys.has(id));
    let fetched = if named { None } else { wait() };
    fetched.map(Err).ok_or(wrong)
}

fn check_signature(keys: &KeySet, token: &Token<'_>) -> Result<(), Invalid> {
    let mut candidates = keys.candidates(token.key_id.as_deref(), token.algorithm);
    candidates
        .any(|key| key.verify(token.algorithm, token.signed, &token.signature))
        .then_some(())
        .ok_or(Invalid::Signature)
}

struct Read {
    identity: Identity,
    permitted: bool,
}

impl Reading {
    fn read(&self, claims: Map<String, Value>) -> Result<Read, Invalid> {
        let issuer = claims
            .get("iss")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let identity = Identity::new(IdentityKind::Jwt, issuer, subject(&claims)?);
        let identity = identity.with_claims(claims);
        let scopes = match &self.scopes {
            Some(path) => words(identity.claim(path)),
            // OAuth's own word (RFC 8693 §4.2), then Microsoft's.
            None => words(identity.claim("scope").or_else(|| identity.claim("scp"))),
        };
        let roles = words(identity.claim(&self.roles));
        let has_all = |wanted: &[Box<str>], had: &[String]| {
            wanted
                .iter()
                .all(|wanted| had.iter().any(|had| **had == **wanted))
        };
        let permitted =
            has_all(&self.required_scopes, &scopes) && has_all(&self.required_roles, &roles);
        let tenant = self
            .tenant
            .as_ref()
            .and_then(|path| identity.claim(path)?.as_str());
        let tenant = tenant.map(ToOwned::to_owned);
        let mut identity = identity.with_scopes(scopes.iter().map(String::as_str));
        if let Some(tenant) = &tenant {
            identity = identity.with_tenant(tenant);
        }
        Ok(Read {
            identity,
            permitted,
        })
    }
}

/// Who calls: a user, or the client that has no user. All callers without a name would be one.
fn subject(claims: &Map<String, Value>) -> Result<&str, Invalid> {
    let mut names = ["sub", "client_id", "azp"]
        .iter()
        .filter_map(|name| claims.get(*name));
    match names.next() {
        Some(Value::String(name)) if !name.is_empty() => Ok(name),
        _ => Err(Invalid::Rule("the token names no subject")),
    }
}

/// A list of texts, or a text of words.
fn words(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(ToOwned::to_owned).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|item| item.as_str().map(ToOwned::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a verified token weighs in bytes: its text, and its claims as parsed, roughly.
#[derive(Clone, Debug)]
pub(super) struct ByLength;

impl Weighter<Box<str>, Arc<Verified>> for ByLength {
    fn weight(&self, token: &Box<str>, _: &Arc<Verified>) -> u64 {
        token.len() as u64 * 4 + 512
    }
}
