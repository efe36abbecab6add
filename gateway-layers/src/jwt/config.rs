use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use gateway_core::config::{ConfigError, Duration, Secret};
use http::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::{Algorithm, Issuer, JwtBuilder, JwtLayer, TokenSource, VerifyingKey};

/// Whose tokens are accepted, and what is read from them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// The issuer, as in its tokens. Without other keys they are found by OpenID Connect
    /// Discovery.
    #[serde(default, alias = "oidc")]
    pub issuer: Option<String>,
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

impl JwtLayer {
    /// Builds the layer from its configuration. Files are read; nothing is fetched.
    ///
    /// # Errors
    ///
    /// If a key, algorithm, header or URL makes no sense, or a file cannot be read.
    pub fn from_config(config: &JwtConfig) -> Result<Self, ConfigError> {
        let builder = JwtBuilder::from_config(config)?;
        builder.build().map_err(|error| ConfigError::new("", error))
    }
}

impl JwtBuilder {
    /// The builder that a configuration describes, for those who have an HTTP client to add.
    ///
    /// # Errors
    ///
    /// As [`JwtLayer::from_config`].
    pub fn from_config(config: &JwtConfig) -> Result<Self, ConfigError> {
        let mut builder = JwtLayer::builder(config.first().build(config.issuer.as_deref())?);
        for (index, issuer) in config.more_issuers.iter().enumerate() {
            let built = issuer.build(Some(&issuer.issuer));
            builder = builder.issuer(built.map_err(|e| e.at(&format!("more_issuers[{index}]")))?);
        }
        if let Some(sources) = &config.sources {
            let read = |(index, text): (usize, &String)| {
                source(text).map_err(|error| error.at(&format!("sources[{index}]")))
            };
            let sources = sources.iter().enumerate().map(read);
            builder = builder.sources(sources.collect::<Result<Vec<_>, _>>()?);
        }
        builder = config
            .scopes
            .iter()
            .fold(builder, |b, scope| b.require_scope(scope));
        builder = config
            .roles
            .iter()
            .fold(builder, |b, role| b.require_role(role));
        if let Some(path) = &config.scopes_claim {
            builder = builder.scopes_claim(path);
        }
        if let Some(path) = &config.roles_claim {
            builder = builder.roles_claim(path);
        }
        if let Some(path) = &config.tenant_claim {
            builder = builder.tenant_claim(path);
        }
        if let Some(realm) = &config.realm {
            builder = builder.realm(realm);
        }
        for (name, claim) in &config.to_upstream {
            builder =
                builder.claim_to_header(claim, header(name).map_err(|e| e.at("to_upstream"))?);
        }
        Ok(builder
            .optional(config.optional)
            .strip_token(config.strip_token))
    }
}

impl JwtConfig {
    fn first(&self) -> IssuerConfig {
        IssuerConfig {
            issuer: self.issuer.clone().unwrap_or_default(),
            audience: self.audience.clone(),
            any_audience: self.any_audience,
            algorithms: self.algorithms.clone(),
            leeway: self.leeway,
            max_age: self.max_age,
            required_claims: self.required_claims.clone(),
            typ: self.typ.clone(),
            jwks: self.jwks.clone(),
            keys: self.keys.clone(),
            file: self.file.clone(),
        }
    }
}

impl IssuerConfig {
    fn build(&self, name: Option<&str>) -> Result<Issuer, ConfigError> {
        let mut issuer = self.origin(name)?;
        issuer = self.audience.iter().fold(issuer, Issuer::audience);
        if self.any_audience {
            issuer = issuer.any_audience();
        }
        if let Some(names) = &self.algorithms {
            let parse = |(index, name): (usize, &String)| {
                let parsed = name.parse::<Algorithm>();
                parsed.map_err(|e| {
                    ConfigError::new(format!("algorithms[{index}]"), format!("`{name}` is {e}"))
                })
            };
            let algorithms = names.iter().enumerate().map(parse);
            issuer = issuer.algorithms(algorithms.collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(leeway) = self.leeway {
            issuer = issuer.leeway(leeway.get());
        }
        if let Some(max_age) = self.max_age {
            issuer = issuer.max_age(max_age.get());
        }
        let names = self.required_claims.iter().map(String::as_str);
        issuer = names.fold(issuer, Issuer::require_claim);
        if let Some(typ) = &self.typ {
            issuer = issuer.typ(typ);
        }
        Ok(match &self.jwks {
            Some(jwks) => jwks.apply(issuer),
            None => issuer,
        })
    }

    fn origin(&self, name: Option<&str>) -> Result<Issuer, ConfigError> {
        let url = self.jwks.as_ref().and_then(|jwks| jwks.url.as_deref());
        match (name, url, &self.file, self.keys.as_slice()) {
            (name, None, None, keys @ [_, ..]) => {
                let build = |(index, key): (usize, &JwtKeyConfig)| {
                    key.build()
                        .map_err(|error| error.at(&format!("keys[{index}]")))
                };
                let keys = keys.iter().enumerate().map(build);
                let keys = keys.collect::<Result<Vec<_>, _>>()?;
                Ok(match name {
                    Some(name) => Issuer::keys(name, keys),
                    None => Issuer::unnamed(keys),
                })
            }
            (None, ..) => Err(ConfigError::new("issuer", "say whose tokens are accepted")),
            (Some(name), Some(url), None, []) => Ok(Issuer::jwks(name, url)),
            (Some(name), None, Some(path), []) => {
                let document = read(path).map_err(|error| {
                    ConfigError::new("file", format!("`{}`: {error}", path.display()))
                })?;
                Ok(Issuer::jwk_set(name, &document))
            }
            (Some(name), None, None, []) => Ok(Issuer::oidc(name)),
            _ => Err(ConfigError::new(
                "",
                "write one of `jwks.url`, `file` and `keys`",
            )),
        }
    }
}

impl JwksConfig {
    fn apply(&self, mut issuer: Issuer) -> Issuer {
        if let Some(refresh) = self.refresh {
            issuer = issuer.refresh(refresh.get());
        }
        if let Some(cooldown) = self.unknown_kid_cooldown {
            issuer = issuer.cooldown(cooldown.get());
        }
        if let Some(stale) = self.stale_if_error {
            issuer = issuer.stale_if_error(stale.get());
        }
        if let Some(timeout) = self.timeout {
            issuer = issuer.fetch_timeout(timeout.get());
        }
        issuer.allow_http(self.allow_http)
    }
}

impl JwtKeyConfig {
    fn build(&self) -> Result<VerifyingKey, ConfigError> {
        let key = match (&self.pem, &self.jwk, &self.secret) {
            (Some(pem), None, None) => VerifyingKey::from_pem(pem),
            (None, Some(jwk), None) => VerifyingKey::from_jwk(jwk.expose()),
            (None, None, Some(secret)) => {
                let algorithm = self.algorithm.as_deref().unwrap_or("HS256").parse();
                let algorithm = algorithm.map_err(|error| ConfigError::new("algorithm", error))?;
                VerifyingKey::from_secret(secret.expose().as_bytes(), algorithm)
            }
            _ => {
                return Err(ConfigError::new(
                    "",
                    "write one of `pem`, `jwk` and `secret`",
                ));
            }
        };
        let key = key.map_err(|error| ConfigError::new("", error))?;
        if self.algorithm.is_some() && self.secret.is_none() {
            return Err(ConfigError::new(
                "algorithm",
                "follows from the key; only a `secret` has none",
            ));
        }
        Ok(match &self.kid {
            Some(kid) => key.with_id(kid),
            None => key,
        })
    }
}

/// As much as would be read of a fetched document.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut document = Vec::new();
    let mut file = File::open(path)?.take(MAX_DOCUMENT + 1);
    file.read_to_end(&mut document)?;
    if document.len() as u64 > MAX_DOCUMENT {
        return Err(std::io::Error::other("larger than 1 MiB"));
    }
    Ok(document)
}

const MAX_DOCUMENT: u64 = 1 << 20;

fn source(text: &str) -> Result<TokenSource, ConfigError> {
    match text.split_once(':') {
        None if text == "bearer" => Ok(TokenSource::bearer()),
        Some(("header", name)) => Ok(TokenSource::header(header(name)?)),
        Some(("cookie", name)) if !name.is_empty() => Ok(TokenSource::cookie(name)),
        Some(("query", name)) if !name.is_empty() => Ok(TokenSource::query(name)),
        _ => Err(
            ConfigError::new("", format!("`{text}` is not a place for a token"))
                .with_help("write `bearer`, `header:NAME`, `cookie:NAME` or `query:NAME`"),
        ),
    }
}

fn header(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ConfigError::new("", format!("`{name}` is not a header name")))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<JwtLayer, ConfigError> {
        JwtLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_short_form_is_discovery() {
        let layer = build(r#"{"issuer": "https://id.example.com", "audience": "orders-api"}"#);
        let text = format!("{:?}", layer.unwrap());
        for part in [
            "Discovery",
            "orders-api",
            "leeway: 30s",
            "refresh: 3600s",
            "cooldown: 10s",
            "stale: 86400s",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("HS256"));
    }

    #[test]
    fn reads_every_setting() {
        let config: JwtConfig = serde_json::from_str(
            r#"{"oidc": "https://id.example.com", "audience": ["a", "b"], "algorithms": ["RS256", "ES256"],
                "leeway": "5s", "max_age": "1h", "required_claims": ["email"], "typ": "at+jwt",
                "jwks": {"url": "http://id.example.com/keys", "refresh": "2h", "unknown_kid_cooldown": "20s", "stale_if_error": "1h", "timeout": "2s", "allow_http": true},
                "more_issuers": [{"issuer": "second", "any_audience": true, "keys": [{"secret": "0123456789abcdef0123456789abcdef", "kid": "s"}]}],
                "sources": ["bearer", "header:x-jwt", "cookie:session", "query:token"],
                "scopes": ["read"], "roles": ["admin"], "scopes_claim": "permissions", "roles_claim": "realm_access.roles",
                "tenant_claim": "org", "to_upstream": {"x-user": "sub"}, "optional": true, "strip_token": true, "realm": "shop"}"#,
        )
        .unwrap();
        let text = format!("{:?}", JwtLayer::from_config(&config).unwrap());
        for part in [
            "\"a\"",
            "\"b\"",
            "[RS256, ES256]",
            "leeway: 5s",
            "3600s",
            "email",
            "at+jwt",
            "/keys",
            "refresh: 7200s",
            "cooldown: 20s",
            "timeout: 2s",
            "second",
            "[HS256]",
            "x-jwt",
            "session",
            "token",
            "read",
            "admin",
            "permissions",
            "realm_access.roles",
            "org",
            "x-user",
            "optional: true",
            "strip: true",
            "shop",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("0123456789"));
    }

    #[test]
    fn mistakes_have_a_path() {
        let audience = r#""any_audience": true"#;
        for (rest, path) in [
            (r#""audience": "x""#.to_owned(), "issuer"),
            (r#""issuer": "https://i""#.to_owned(), ""),
            (
                format!(r#""issuer": "http://id.example.com", {audience}"#),
                "",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "algorithms": ["none"]"#),
                "algorithms[0]",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "algorithms": ["HS256"]"#),
                "",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "keys": [{{"secret": "short"}}]"#),
                "keys[0]",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "keys": [{{}}]"#),
                "keys[0]",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "file": "/nowhere/keys.json""#),
                "file",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "sources": ["body"]"#),
                "sources[0]",
            ),
            (
                format!(r#""issuer": "https://i", {audience}, "to_upstream": {{"a b": "sub"}}"#),
                "to_upstream",
            ),
            (
                format!(
                    r#""issuer": "https://i", {audience}, "file": "x", "jwks": {{"url": "https://i"}}"#
                ),
                "",
            ),
        ] {
            let error = build(&format!("{{{rest}}}")).unwrap_err();
            assert_eq!(error.path(), path, "{rest}: {error}");
        }
        assert!(serde_json::from_str::<JwtConfig>(r#"{"audiance": "x"}"#).is_err());
    }
}
