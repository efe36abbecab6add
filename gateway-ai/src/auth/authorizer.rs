use gateway_core::Request;
use http::header;

use super::{Credentials, CredentialsError, token::TokenSource};
use crate::{error::AiError, providers::HttpClient};

/// Credentials at work: they see a request when everything else about it stands.
#[derive(Debug)]
pub(crate) struct Authorizer(Kind);

#[derive(Debug)]
enum Kind {
    /// Signs the request.
    #[cfg(feature = "bedrock")]
    Aws(super::aws::Signer),
    /// Adds an access token.
    Token(TokenSource),
}

impl Authorizer {
    pub(crate) fn new(
        credentials: &Credentials,
        service: &'static str,
        client: &HttpClient,
    ) -> Result<Self, CredentialsError> {
        let grant = match credentials {
            #[cfg(feature = "bedrock")]
            Credentials::Aws(account) => {
                let signer = super::aws::Signer::new(account, service);
                return Ok(Self(Kind::Aws(signer)));
            }
            #[cfg(not(feature = "bedrock"))]
            Credentials::Aws(_) => {
                let _ = service;
                return Err(CredentialsError::Feature("bedrock"));
            }
            Credentials::Google(account) => account.grant()?,
            Credentials::Entra(app) => app.grant()?,
            Credentials::Ibm(key) => key.grant()?,
        };
        Ok(Self(Kind::Token(TokenSource::new(grant, client.clone()))))
    }

    /// Adds what proves who calls.
    pub(crate) async fn authorize(&self, request: &mut Request) -> Result<(), AiError> {
        match &self.0 {
            #[cfg(feature = "bedrock")]
            Kind::Aws(signer) => {
                let body = request.body().as_bytes().cloned();
                let signed = body.map(|body| signer.sign(request, &body, now()));
                match signed {
                    Some(Ok(())) => Ok(()),
                    _ => Err(AiError::new(
                        crate::error::AiErrorKind::Server,
                        "the request cannot be signed",
                    )),
                }
            }
            Kind::Token(source) => {
                let value = source.get().await?;
                request.headers_mut().insert(header::AUTHORIZATION, value);
                Ok(())
            }
        }
    }

    /// The provider refused what proved the caller: a token is fetched anew for the next call.
    pub(crate) fn refused(&self, used: Option<&http::HeaderValue>) {
        if let (Kind::Token(source), Some(used)) = (&self.0, used) {
            source.refused(used);
        }
    }
}

#[cfg(feature = "bedrock")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
