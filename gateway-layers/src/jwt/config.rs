use std::{collections::BTreeMap, fmt, path::PathBuf};

use gateway_core::config::{Duration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

/// Whose tokens are accepted, and what is read from them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// The issuer, as in its tokens. Without other keys they are found by OpenID Connect
    /// Discovery.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Another way to write `issuer`, which says that keys are found by discovery.
    #[serde(default)]
    pub oidc: Option<String>,
    /// The audiences that are us.
    #[serde(default)]
    pub audience: OneOrMany,
    /// Accept tokens for whatever audience.
    #[serde(default)]
    pub any_audience: bool,
    /// The algorithms that are accepted, of those the keys permit. Defaults to all of them.
    #[serde(default)]
    pub algorithms: Option<Vec<String>>,
    /// How far clocks may differ. Defaults to 30s.
    #[serde(default)]
    pub leeway: Option<Duration>,
    /// How old a token may be by its `iat`.
    #[serde(default)]
    pub max_age: Option<Duration>,
    /// Claims that must be there, beside `exp`.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// The `typ` tokens must have.
    #[serde(default)]
    pub typ: Option<String>,
    /// How keys are fetched.
    #[serde(default)]
    pub jwks: Option<JwksConfig>,
    /// Keys that are given instead of fetched.
    #[serde(default)]
    pub keys: Vec<JwtKeyConfig>,
    /// A file with a JWK set, instead of fetching one.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// More issuers, each with keys and conditions of its own.
    #[serde(default)]
    pub more_issuers: Vec<IssuerConfig>,
    /// Where to look for the token: `header:NAME`, `cookie:NAME`, `query:NAME`, or `bearer`, which
    /// is the default.
    #[serde(default)]
    pub sources: Option<Vec<String>>,
    /// Scopes the caller must have, all of them.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Roles the caller must have, all of them.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The claim that holds the scopes. Defaults to `scope`, then `scp`.
    #[serde(default)]
    pub scopes_claim: Option<String>,
    /// The claim that holds the roles. Defaults to `roles`.
    #[serde(default)]
    pub roles_claim: Option<String>,
    /// The claim that names the tenant.
    #[serde(default)]
    pub tenant_claim: Option<String>,
    /// Headers for upstream and the claims they hold: `x-user: sub`.
    #[serde(default)]
    pub to_upstream: BTreeMap<String, String>,
    /// Let requests without a token pass.
    #[serde(default)]
    pub optional: bool,
    /// Remove the token before the request goes further.
    #[serde(default)]
    pub strip_token: bool,
    /// The realm of the challenge. Defaults to `gateway`.
    #[serde(default)]
    pub realm: Option<String>,
}

/// One more issuer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer, as in its tokens.
    pub issuer: String,
    /// The audiences that are us.
    #[serde(default)]
    pub audience: OneOrMany,
    /// Accept tokens for whatever audience.
    #[serde(default)]
    pub any_audience: bool,
    /// The algorithms that are accepted. Defaults to all the keys permit.
    #[serde(default)]
    pub algorithms: Option<Vec<String>>,
    /// How far clocks may differ. Defaults to 30s.
    #[serde(default)]
    pub leeway: Option<Duration>,
    /// How old a token may be by its `iat`.
    #[serde(default)]
    pub max_age: Option<Duration>,
    /// Claims that must be there, beside `exp`.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// The `typ` tokens must have.
    #[serde(default)]
    pub typ: Option<String>,
    /// How keys are fetched.
    #[serde(default)]
    pub jwks: Option<JwksConfig>,
    /// Keys that are given instead of fetched.
    #[serde(default)]
    pub keys: Vec<JwtKeyConfig>,
    /// A file with a JWK set, instead of fetching one.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

/// How keys are fetched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JwksConfig {
    /// Where the JWK set is. Without it, discovery tells.
    pub url: Option<String>,
    /// How long keys are fresh when the issuer does not say. Defaults to 1h.
    pub refresh: Option<Duration>,
    /// Between two attempts. Defaults to 10s.
    pub unknown_kid_cooldown: Option<Duration>,
    /// How long keys are used that cannot be refreshed. Defaults to 24h.
    pub stale_if_error: Option<Duration>,
    /// How long one attempt may take. Defaults to 5s.
    pub timeout: Option<Duration>,
    /// Fetch over plain HTTP from other machines too.
    pub allow_http: bool,
}

/// A key: one of `pem`, `jwk` and `secret`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JwtKeyConfig {
    /// The `kid` of tokens signed with it. Without it the key is tried for all.
    pub kid: Option<String>,
    /// A public key in PEM.
    pub pem: Option<String>,
    /// A JSON Web Key, as text.
    pub jwk: Option<Secret>,
    /// A shared secret, by reference.
    pub secret: Option<Secret>,
    /// The algorithm of the secret. Defaults to HS256.
    pub algorithm: Option<String>,
}

/// A text, or a list of texts.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(untagged)]
pub enum OneOrMany {
    /// Nothing.
    #[default]
    #[schemars(skip)]
    None,
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let slice = match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        };
        slice.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> de::Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut many = Vec::new();
        while let Some(text) = seq.next_element()? {
            many.push(text);
        }
        Ok(OneOrMany::Many(many))
    }
}
