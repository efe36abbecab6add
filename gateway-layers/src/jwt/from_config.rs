use std::{fs::File, io::Read as _, path::Path};

use gateway_core::config::ConfigError;
use http::HeaderName;

use super::{
    Algorithm, Issuer, JwtBuilder, JwtLayer, TokenSource, VerifyingKey,
    config::{IssuerConfig, JwksConfig, JwtConfig, JwtKeyConfig},
};

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
        let first = config.first();
        let name = config.oidc.as_deref().or(config.issuer.as_deref());
        if config.oidc.is_some() && (config.issuer.is_some() || !first.is_discovered()) {
            let message = "with `oidc` the issuer and its keys are found by discovery";
            return Err(ConfigError::new("oidc", message));
        }
        let mut builder = JwtLayer::builder(first.build(name)?);
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
    fn is_discovered(&self) -> bool {
        let url = self.jwks.as_ref().and_then(|jwks| jwks.url.as_ref());
        url.is_none() && self.file.is_none() && self.keys.is_empty()
    }

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

#[cfg(test)]
mod tests;
