use std::fmt;

use serde::Deserialize;

use super::CredentialsError;
use crate::auth::token::{Grant, endpoint, form};

/// A Google account: a service account's key file, a user's application default credentials, or
/// whoever the machine is said to be by Google's metadata server.
#[derive(Clone)]
pub struct GoogleAccount {
    kind: Kind,
    token_url: Option<String>,
}

#[derive(Clone)]
enum Kind {
    Service(ServiceAccount),
    User(User),
    Metadata,
}

/// The file that `gcloud iam service-accounts keys create` writes.
#[derive(Clone, Deserialize)]
#[cfg_attr(
    not(feature = "google"),
    expect(dead_code, reason = "only assertions read the key")
)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) private_key: String,
    #[serde(default)]
    pub(super) private_key_id: Option<String>,
    #[serde(default)]
    token_uri: Option<String>,
    #[serde(default)]
    project_id: Option<String>,
}

/// The file that `gcloud auth application-default login` writes.
#[derive(Clone, Deserialize)]
struct User {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    #[serde(default)]
    token_uri: Option<String>,
    #[serde(default)]
    quota_project_id: Option<String>,
}

impl GoogleAccount {
    /// Reads the JSON of a service account or of a user's application default credentials.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub fn from_json(text: &str) -> Result<Self, CredentialsError> {
        #[derive(Deserialize)]
        struct Typed {
            r#type: String,
        }
        // serde's words may quote the file, which is a secret: only where is said, not what.
        let wrong = |error: serde_json::Error| {
            CredentialsError::Google(format!(
                "invalid JSON or a missing field at line {}",
                error.line()
            ))
        };
        let typed: Typed = serde_json::from_str(text).map_err(wrong)?;
        let kind = match typed.r#type.as_str() {
            "service_account" => Kind::Service(serde_json::from_str(text).map_err(wrong)?),
            "authorized_user" => Kind::User(serde_json::from_str(text).map_err(wrong)?),
            other => {
                let other: String = other
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(40)
                    .collect();
                return Err(CredentialsError::Google(format!(
                    "accounts of type `{other}` are not supported"
                )));
            }
        };
        Ok(Self {
            kind,
            token_url: None,
        })
    }

    /// The service account of the machine, by Google's metadata server.
    #[must_use]
    pub const fn metadata_server() -> Self {
        Self {
            kind: Kind::Metadata,
            token_url: None,
        }
    }

    /// Who gives tokens. Defaults to what the account's file says, then to Google's endpoint.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// The project the account belongs to, where its file says so.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match &self.kind {
            Kind::Service(account) => account.project_id.as_deref(),
            Kind::User(user) => user.quota_project_id.as_deref(),
            Kind::Metadata => None,
        }
    }

    pub(super) fn grant(&self) -> Result<Grant, CredentialsError> {
        let url = |said: Option<&String>, default: &str| {
            let said = self.token_url.as_ref().or(said);
            endpoint(said.map_or(default, String::as_str))
        };
        match &self.kind {
            Kind::Service(account) => {
                let url = url(account.token_uri.as_ref(), TOKEN_URL)?;
                assertion(account, url)
            }
            Kind::User(user) => Ok(Grant::Fixed {
                url: url(user.token_uri.as_ref(), TOKEN_URL)?,
                body: form(&[
                    ("grant_type", "refresh_token"),
                    ("client_id", &user.client_id),
                    ("client_secret", &user.client_secret),
                    ("refresh_token", &user.refresh_token),
                ]),
            }),
            Kind::Metadata => Ok(Grant::Metadata {
                url: url(None, METADATA_URL)?,
            }),
        }
    }
}

#[cfg(feature = "google")]
fn assertion(account: &ServiceAccount, url: http::Uri) -> Result<Grant, CredentialsError> {
    let assertion = super::assertion::Assertion::new(account, &url)?;
    Ok(Grant::Assertion {
        url,
        assertion: Box::new(assertion),
    })
}

#[cfg(not(feature = "google"))]
fn assertion(_: &ServiceAccount, _: http::Uri) -> Result<Grant, CredentialsError> {
    Err(CredentialsError::Feature("google"))
}

impl fmt::Debug for GoogleAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("GoogleAccount");
        match &self.kind {
            Kind::Service(account) => debug.field("service", &account.client_email),
            Kind::User(user) => debug.field("user", &user.client_id),
            Kind::Metadata => debug.field("machine", &true),
        };
        debug.finish_non_exhaustive()
    }
}

const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
const METADATA_URL: &str = "http://metadata.google.internal/computeMetadata/v1/instance/\
                            service-accounts/default/token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_and_never_quoted() {
        let user = r#"{"type":"authorized_user","client_id":"id","client_secret":"hunter2",
                       "refresh_token":"hunter3","quota_project_id":"p"}"#;
        let account = GoogleAccount::from_json(user).unwrap();
        assert_eq!(account.project(), Some("p"));
        assert!(!format!("{account:?} {:?}", account.grant()).contains("hunter"));
        for wrong in [
            "",
            "hunter2",
            r#"{"type":"service_account","private_key":"hunter2"}"#,
            r#"{"type":"external_account","x":"hunter2"}"#,
        ] {
            let error = GoogleAccount::from_json(wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter"), "{error}");
        }
        let lost = account.token_url("ftp://x");
        assert!(matches!(lost.grant(), Err(CredentialsError::TokenUrl(_))));
    }
}
