use gateway_core::config::{ConfigError, Secret};

use super::ProviderConfig;
use crate::{
    auth::{AwsCredentials, Credentials, EntraApp, GoogleAccount, IbmKey, bedrock_url, vertex_url},
    providers::{Auth, ProviderBuilder, ProviderSpec},
};

impl ProviderConfig {
    /// Adds a cloud account and the address that follows from it.
    pub(super) fn cloud(
        &self,
        spec: &ProviderSpec,
        builder: ProviderBuilder,
    ) -> Result<ProviderBuilder, ConfigError> {
        self.check_fields(spec)?;
        match spec.auth {
            Auth::Aws { .. } => self.aws(builder),
            Auth::Google => self.google(builder),
            Auth::Azure => self.azure(builder),
            Auth::Ibm => Ok(self.ibm(builder)),
            _ => Ok(builder),
        }
    }

    /// Every field belongs to one cloud; with another vendor it would be accepted and ignored.
    fn check_fields(&self, spec: &ProviderSpec) -> Result<(), ConfigError> {
        let aws = matches!(spec.auth, Auth::Aws { .. });
        let google = spec.auth == Auth::Google;
        let azure = spec.auth == Auth::Azure;
        let ibm = spec.auth == Auth::Ibm;
        let fields = [
            ("region", self.region.is_some(), aws || ibm),
            ("access_key_id", self.access_key_id.is_some(), aws),
            ("secret_access_key", self.secret_access_key.is_some(), aws),
            ("session_token", self.session_token.is_some(), aws),
            ("credentials", self.credentials.is_some(), google),
            ("project", self.project.is_some(), google || ibm),
            ("location", self.location.is_some(), google),
            ("tenant_id", self.tenant_id.is_some(), azure),
            ("client_id", self.client_id.is_some(), azure),
            ("client_secret", self.client_secret.is_some(), azure),
            ("api_version", self.api_version.is_some(), azure || ibm),
            (
                "token_url",
                self.token_url.is_some(),
                google || azure || ibm,
            ),
        ];
        for (field, given, fits) in fields {
            if given && !fits {
                return Err(ConfigError::new(
                    field,
                    format!("{} has no use for this", spec.title),
                ));
            }
        }
        Ok(())
    }

    fn aws(&self, builder: ProviderBuilder) -> Result<ProviderBuilder, ConfigError> {
        let own = self.base_url.is_some();
        let needs = |field| Err(ConfigError::new(field, "Amazon Bedrock needs this"));
        let Some(region) = given(self.region.as_deref()) else {
            return if own && self.access_key_id.is_none() {
                Ok(builder)
            } else {
                needs("region")
            };
        };
        if !region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(ConfigError::new("region", "not the name of a region"));
        }
        let builder = if own {
            builder
        } else {
            builder.base_url(bedrock_url(region))
        };
        let id = given(self.access_key_id.as_ref().map(Secret::expose));
        let secret = given(self.secret_access_key.as_ref().map(Secret::expose));
        let token = given(self.session_token.as_ref().map(Secret::expose));
        match (id, secret) {
            (Some(id), Some(secret)) => {
                let account = AwsCredentials::new(region, id, secret);
                let account = match token {
                    Some(token) => account.session_token(token),
                    None => account,
                };
                Ok(builder.credentials(account))
            }
            (Some(_), None) => needs("secret_access_key"),
            (None, Some(_)) => needs("access_key_id"),
            (None, None) if token.is_some() => needs("access_key_id"),
            (None, None) if own || self.has_keys() => Ok(builder),
            (None, None) => needs("access_key_id"),
        }
    }

    fn google(&self, builder: ProviderBuilder) -> Result<ProviderBuilder, ConfigError> {
        let account = match given(self.credentials.as_ref().map(Secret::expose)) {
            Some(json) => GoogleAccount::from_json(json)
                .map_err(|error| ConfigError::new("credentials", error))?,
            None => GoogleAccount::metadata_server(),
        };
        let builder = if self.base_url.is_some() {
            builder
        } else {
            let project = given(self.project.as_deref()).or(account.project());
            let project = project
                .ok_or_else(|| ConfigError::new("project", "Google Vertex AI needs this"))?;
            let location = given(self.location.as_deref()).unwrap_or("global");
            for (field, value) in [("project", project), ("location", location)] {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
                if !value.bytes().all(plain) {
                    return Err(ConfigError::new(field, "not a name Google would give"));
                }
            }
            builder.base_url(vertex_url(project, location))
        };
        if self.has_keys() {
            return Ok(builder);
        }
        Ok(builder.credentials(match &self.token_url {
            Some(url) => account.token_url(url.as_str()),
            None => account,
        }))
    }

    fn azure(&self, builder: ProviderBuilder) -> Result<ProviderBuilder, ConfigError> {
        let fields = [
            ("tenant_id", given(self.tenant_id.as_deref())),
            ("client_id", given(self.client_id.as_deref())),
            (
                "client_secret",
                given(self.client_secret.as_ref().map(Secret::expose)),
            ),
        ];
        if fields.iter().all(|(_, value)| value.is_none()) {
            return Ok(builder);
        }
        let need = |at: usize| {
            let (field, value) = fields[at];
            value.ok_or_else(|| ConfigError::new(field, "an Entra application needs this"))
        };
        let app = EntraApp::new(need(0)?, need(1)?, need(2)?);
        Ok(
            builder.credentials(Credentials::from(match &self.token_url {
                Some(url) => app.token_url(url.as_str()),
                None => app,
            })),
        )
    }

    fn ibm(&self, mut builder: ProviderBuilder) -> ProviderBuilder {
        if let Some(region) = given(self.region.as_deref()) {
            builder = builder.variable("region", region);
        }
        if let Some(project) = given(self.project.as_deref()) {
            builder = builder.project(project);
        }
        let key = self
            .keys
            .iter()
            .map(Secret::expose)
            .find(|key| !key.trim().is_empty());
        match (key, &self.token_url) {
            (Some(key), Some(url)) => builder.credentials(IbmKey::new(key.trim()).token_url(url)),
            _ => builder,
        }
    }

    fn has_keys(&self) -> bool {
        self.keys.iter().any(|key| !key.expose().trim().is_empty())
    }
}

/// A value that is there and not blank: an optional variable may be unset.
fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
