use std::{
    fmt,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Uri;
use jsonwebtoken::{Algorithm, EncodingKey, crypto::aws_lc};

use super::{CredentialsError, google::ServiceAccount, token::form};

/// What a service account says to be given a token: a JWT signed with its key (RFC 7523 §2.1).
pub(super) struct Assertion {
    header: String,
    email: String,
    audience: String,
    key: EncodingKey,
}

impl Assertion {
    pub(super) fn new(account: &ServiceAccount, url: &Uri) -> Result<Self, CredentialsError> {
        let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes())
            .map_err(|_| CredentialsError::PrivateKey)?;
        let mut header = serde_json::json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(id) = &account.private_key_id {
            header["kid"] = id.as_str().into();
        }
        let assertion = Self {
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            email: account.client_email.clone(),
            audience: url.to_string(),
            key,
        };
        // A key that cannot sign is found when the configuration is read.
        match assertion.sign(SystemTime::UNIX_EPOCH) {
            Some(_) => Ok(assertion),
            None => Err(CredentialsError::PrivateKey),
        }
    }

    /// The body of the request for a token.
    pub(super) fn body(&self, now: SystemTime) -> Option<Bytes> {
        Some(form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &self.sign(now)?),
        ]))
    }

    fn sign(&self, now: SystemTime) -> Option<String> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let claims = serde_json::json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.audience,
            "iat": now.as_secs(),
            "exp": (now + LIFE).as_secs(),
        });
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let message = format!("{}.{claims}", self.header);
        // jsonwebtoken's process-wide provider panics when another crate turns on a second one;
        // its table of signers does not.
        let make = aws_lc::DEFAULT_PROVIDER.signer_factory;
        let signature = make(&Algorithm::RS256, &self.key)
            .ok()?
            .try_sign(message.as_bytes())
            .ok()?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The longest life Google grants an assertion.
const LIFE: Duration = Duration::from_secs(3600);
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
