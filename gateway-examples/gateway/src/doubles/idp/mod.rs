//! A mock identity provider.
//!
//! | route | answers |
//! |---|---|
//! | `GET /.well-known/openid-configuration` | the discovery document |
//! | `GET /jwks` | the published keys: one RS256, one ES256, and after a rotation the former two |
//! | `POST /token` | a token for anyone: form fields `sub`, `scope`, `aud`, `ttl` (seconds, may be negative), `alg`; any other field becomes a claim |
//! | `POST /rotate` | signs with new keys from now on; the former stay published |
//! | `POST /retire` | publishes the former keys no longer |
//!
//! `POST /token` answers the bare token, ready for `$(curl …)`; with a `grant_type`, or to a client
//! that accepts JSON, it answers as RFC 6749 says.
//!
//! Faults are those of all doubles: `hangup` (down), `latency=5s` (slow), `html` (a login page where
//! keys are expected), and any can be kept to one path: `status=500,path=/jwks`.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use gateway::doubles::idp::IdpServer;
//! use serde_json::json;
//!
//! let (idp, serving) = IdpServer::spawn().await?;
//! assert_eq!(idp.issuer(), serving.url());
//! let token = idp.mint(&json!({ "sub": "alice", "aud": "orders-api", "scope": "orders:read" }));
//! let expired = idp.mint(&json!({ "sub": "alice", "exp": 1 }));
//! assert_ne!(token, expired);
//! # Ok(()) }
//! ```

mod claims;
mod keys;
mod routes;
mod server;
#[cfg(test)]
mod tests;

pub use self::server::IdpServer;
