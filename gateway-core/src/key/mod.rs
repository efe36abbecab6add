//! What a limiter counts by, a cache partitions by, a balancer hashes: one [`Key`] for all.
//!
//! A key is evaluated against the vocabulary and gives text, or nothing when its input is missing.
//! Values are typed and length-prefixed, so that no header a client sends can be mistaken for a
//! subject, and no two tuples collide.
//!
//! ```
//! use gateway_core::{Key, context::{Identity, IdentityKind}};
//!
//! let key: Key = "subject.or(header:x-tenant)".parse()?;
//! let mut request = http::Request::builder().header("x-tenant", "blue").body(()).unwrap();
//! assert_eq!(key.eval(&request).unwrap().as_str(), "header:x-tenant=blue");
//!
//! request.extensions_mut().insert(Identity::new(IdentityKind::Jwt, "https://id.example.com", "alice"));
//! assert!(key.eval(&request).unwrap().as_str().ends_with("alice"));
//! # Ok::<(), gateway_core::key::ParseKeyError>(())
//! ```

mod eval;
mod parse;
mod value;

pub use self::{eval::Key, parse::ParseKeyError, value::KeyValue};
