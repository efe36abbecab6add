//! Credentials that are more than a key: a cloud account's.
//!
//! A key is a header value that never changes. What clouds want depends on the request – a
//! signature over its bytes – or on the time – an access token that lives for an hour. Both are
//! given to a [`ProviderBuilder`](crate::providers::ProviderBuilder), and a call is authorized
//! when everything else about it stands.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{
//!     auth::AwsCredentials,
//!     providers::{HttpClient, Provider, table},
//! };
//!
//! # #[cfg(feature = "bedrock")] {
//! let account = AwsCredentials::new("us-east-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG");
//! let provider = Provider::builder("bedrock", table::find("bedrock").unwrap())
//!     .credentials(account)
//!     .build(HttpClient::default())?;
//! assert_eq!(&**provider.name(), "bedrock");
//! # }
//! # Ok::<(), gateway_ai::providers::ProviderError>(())
//! ```
//!
//! # Customizing
//!
//! Token endpoints can be replaced, by a proxy or by a double in a test:
//!
//! ```
//! use gateway_ai::auth::{EntraApp, GoogleAccount};
//!
//! let user = r#"{ "type": "authorized_user", "client_id": "c", "client_secret": "s",
//!                 "refresh_token": "r" }"#;
//! let google = GoogleAccount::from_json(user)?.token_url("http://127.0.0.1:9001/token");
//! let entra = EntraApp::new("my-tenant", "my-client", "its-secret")
//!     .token_url("http://127.0.0.1:9001/token");
//! assert!(!format!("{google:?} {entra:?}").contains("secret"));
//! # Ok::<(), gateway_ai::auth::CredentialsError>(())
//! ```
//!
//! # Order
//!
//! Nothing is read from the request but its bytes; authorizing comes last, right before sending.
//!
//! # Refusals
//!
//! A token that cannot be had is an [`AiError`](crate::error::AiError) of the upstream – kind
//! `Authentication` where the endpoint refuses, `Connect` or `Timeout` where it does not answer – so
//! fallback goes on to the next target, and the client never reads about the operator's account.
//!
//! # Cancellation
//!
//! One call at a time fetches a token. Where it is dropped half-way, the next one that waits begins
//! anew.
//!
//! # Cost
//!
//! A signature: four short HMACs and one hash over the body. A token: a pointer is loaded; within
//! five minutes of its end the first call that notices fetches the next one, while all others go on
//! with the old.

#[cfg(feature = "google")]
mod assertion;
mod authorizer;
mod aws;
mod credentials;
mod entra;
mod google;
mod ibm;
mod token;

pub(crate) use self::authorizer::Authorizer;
#[cfg(feature = "config")]
pub(crate) use self::credentials::{bedrock_url, vertex_url};
pub use self::{
    aws::AwsCredentials,
    credentials::{Credentials, CredentialsError},
    entra::EntraApp,
    google::GoogleAccount,
    ibm::IbmKey,
};
