//! A service that has an [`AiCall`](crate::call::AiCall) answered by one model provider.
//!
//! A provider is **data** – [`ProviderSpec`]: dialect, base URL, where the key goes, quirks – and the
//! [`table`] has one for each known vendor. [`Provider`] is the one service that reads it: it builds
//! the request, adds credentials from its [`KeyPool`], sends it with an [`HttpClient`] and tells
//! answers from errors. Where client and provider speak the same dialect the client's own bytes are
//! sent, with nothing but the model's name replaced.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{
//!     call::{AiCall, Operation, PassOperation},
//!     dialect::Dialect,
//!     models::target,
//!     providers::{HttpClient, Provider, table},
//! };
//! use gateway_core::{Body, BoxError, Request, Response};
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // In place of the network: a provider that looks at what it gets.
//! let double = HttpClient::new(tower::service_fn(async |request: Request| {
//!     assert_eq!(request.uri(), "https://api.openai.com/v1/embeddings");
//!     assert_eq!(request.headers()["authorization"], "Bearer sk-1");
//!     let body = gateway_core::body::collect(request.into_body(), 1024).await?;
//!     assert_eq!(body.bytes(), r#"{"input":"hi","model":"text-embedding-3-small"}"#);
//!     let mut response = Response::new(Body::from(r#"{"data":[],"usage":{"prompt_tokens":1}}"#));
//!     response.headers_mut().insert("content-type", "application/json".parse()?);
//!     Ok::<_, BoxError>(response)
//! }));
//!
//! let provider = Provider::builder("openai", table::find("openai").unwrap())
//!     .key("sk-1")
//!     .build(double)?;
//!
//! let call = AiCall::from_wire(
//!     Dialect::Chat,
//!     Operation::Pass(PassOperation::Embeddings),
//!     r#"{"input":"hi","model":"openai/text-embedding-3-small"}"#.into(),
//! )?
//! .for_target(target("openai/text-embedding-3-small"));
//!
//! let reply = provider.oneshot(call).await?;
//! assert_eq!(reply.usage().unwrap().input, Some(1));
//! # Ok::<(), BoxError>(()) }).unwrap();
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_ai::providers::{HttpClient, Provider, table};
//! use http::HeaderName;
//!
//! // A server of one's own that imitates OpenAI.
//! let mine = Provider::builder("my-vllm", table::find("openai").unwrap())
//!     .base_url("http://127.0.0.1:8000/v1")
//!     .forward_header(HeaderName::from_static("x-tenant"))
//!     .build(HttpClient::default())?;
//! assert_eq!(&**mine.name(), "my-vllm");
//! # Ok::<(), gateway_ai::providers::ProviderError>(())
//! ```
//!
//! # What reaches a provider
//!
//! The body; the headers of the dialect (`anthropic-beta`, `openai-organization`, …) where client
//! and provider share it; those named by `forward_header`; those fixed by `extra_header`; the
//! operator's key. Nothing else a client sends, and never its own key.
//!
//! # Order
//!
//! The innermost service of a call, which must have been given a
//! [target](crate::call::AiCall::for_target); whatever chooses targets, counts or guards goes outside.
//! Proofs that a [keeper](crate::keeper) holds are put back here, once it is known for whom.
//!
//! # Refusals
//!
//! Everything that is not an answer is an [`AiError`](crate::error::AiError) – also an error object
//! under status 200. The one exception: what only the client can mend (400, 404, 413, 422, 429) and
//! what the provider said in the client's own dialect stays a reply with a
//! [`refusal`](crate::call::AiReply::refusal), so that its bytes can be passed on.
//!
//! # Keys
//!
//! A key that is refused (401, 402, 429) rests, for as long as `Retry-After` says or for a time that
//! doubles, and the call is made again with the next key that does not. Keys take turns.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops the request upstream.
//!
//! # Cost
//!
//! Two boxed futures. Bodies of the same dialect are not parsed beyond their outermost keys, and
//! copied once where the model's name changes.

mod adapt;
mod address;
mod array;
mod bedrock;
mod build;
mod client;
mod exchange;
mod exotic;
mod foreign;
mod headers;
mod invoked;
mod keys;
mod members;
mod pass;
mod payload;
mod provider;
#[expect(
    clippy::module_inception,
    reason = "the file holds the type of that name"
)]
mod providers;
mod realtime;
mod receive;
mod routes;
mod sniff;
mod spec;
pub mod table;
mod vendors;
mod vertex;
mod watsonx;

pub(crate) use self::keys::Near;
pub(crate) use self::pass::Stored;
pub use self::{
    build::{ProviderBuilder, ProviderError},
    client::HttpClient,
    headers::may_forward,
    keys::{KeyFault, KeyPool},
    provider::{Provider, ResponseFuture},
    providers::Providers,
    spec::{Auth, ProviderSpec, Quirks},
};
