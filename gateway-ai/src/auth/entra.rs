use std::fmt;

use super::CredentialsError;
use crate::auth::token::{Grant, endpoint, form};

/// An application registered with Microsoft Entra that calls on its own behalf: the OAuth 2.0
/// client credentials grant (RFC 6749 §4.4).
#[derive(Clone)]
pub struct EntraApp {
    tenant: String,
    client_id: String,
    client_secret: String,
    scope: String,
    token_url: Option<String>,
}

impl EntraApp {
    /// An application with a secret, for Azure OpenAI.
    #[must_use]
    pub fn new(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            tenant: tenant.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scope: SCOPE.to_owned(),
            token_url: None,
        }
    }

    /// What the token is for. Defaults to Azure's AI services.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Who gives tokens. Defaults to the tenant's endpoint at `login.microsoftonline.com`; national
    /// clouds have others.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    pub(super) fn grant(&self) -> Result<Grant, CredentialsError> {
        let url = self.token_url.clone().unwrap_or_else(|| {
            let tenant = &self.tenant;
            format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        });
        let body = form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("scope", &self.scope),
        ]);
        Ok(Grant::Fixed {
            url: endpoint(&url)?,
            body,
        })
    }
}

impl fmt::Debug for EntraApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraApp")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
