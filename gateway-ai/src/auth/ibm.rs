use std::fmt;

use super::CredentialsError;
use crate::auth::token::{Grant, endpoint, form};

/// An API key of IBM Cloud, which its IAM exchanges for access tokens.
#[derive(Clone)]
pub struct IbmKey {
    key: String,
    token_url: Option<String>,
}

impl IbmKey {
    /// A key of a user or of a service id.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            token_url: None,
        }
    }

    /// Who gives tokens. Defaults to `iam.cloud.ibm.com`.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    pub(super) fn grant(&self) -> Result<Grant, CredentialsError> {
        let body = form(&[
            ("grant_type", "urn:ibm:params:oauth:grant-type:apikey"),
            ("apikey", &self.key),
        ]);
        Ok(Grant::Fixed {
            url: endpoint(self.token_url.as_deref().unwrap_or(IAM))?,
            body,
        })
    }
}

impl fmt::Debug for IbmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IbmKey").finish_non_exhaustive()
    }
}

const IAM: &str = "https://iam.cloud.ibm.com/identity/token";
