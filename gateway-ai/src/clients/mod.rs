//! Which program a request comes from, and what it is known to do.
//!
//! Agents and SDKs that speak one dialect differ in what they keep of an answer and in what they can
//! read. A request says by its headers who sent it – `user-agent`, `originator`,
//! `x-goog-api-client`, `x-stainless-*` – and [`Profiles`] says what follows: whether
//! proofs of reasoning must be [kept](crate::keeper) for it, and whether its streams may have
//! comments. The name of the profile stands in the access log and in
//! `gateway_ai_requests_total{client="…"}`; there are as many as [`Client`] has variants.
//!
//! Nothing is refused and nobody is let in by this: headers can say anything.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{clients::{Client, Keeping, Profiles}, dialect::Dialect};
//! use http::{HeaderMap, HeaderValue, header::USER_AGENT};
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(USER_AGENT, HeaderValue::from_static("claude-cli/2.0.14 (external, cli)"));
//!
//! let profiles = Profiles::default();
//! let profile = profiles.of(&headers, Dialect::Messages);
//! assert_eq!(profile.client(), Client::ClaudeCode);
//! assert_eq!(profile.keeping(), Keeping::InBand);
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_ai::{clients::{Client, Keeping, Profiles}, dialect::Dialect};
//! use http::{HeaderMap, HeaderValue, header::USER_AGENT};
//!
//! // An agent of one's own, built on LangChain, that sends back all it was given.
//! let profiles = Profiles::default()
//!     .user_agent("acme-agent", Client::LangChain)
//!     .keeping(Client::LangChain, Keeping::InBand)
//!     .comments(Client::LangChain, false);
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(USER_AGENT, HeaderValue::from_static("acme-agent/1.2 python/3.12"));
//! let profile = profiles.of(&headers, Dialect::Messages);
//! assert_eq!((profile.keeping(), profile.has_comments()), (Keeping::InBand, false));
//! ```
//!
//! # The profiles
//!
//! | profile | proofs | comments | what else it needs, and gets |
//! |---|---|---|---|
//! | `claude-code` | in band | yes | its `anthropic-beta` and `anthropic-version` as they are, `count_tokens`, `GET /v1/models`, bodies of a megabyte |
//! | `codex` | in band | yes | `/v1/responses` alone, with `store: false` and `include: ["reasoning.encrypted_content"]`; items in the order it sent them |
//! | `gemini-cli` | store | no | `/v1beta/models/…`, `alt=sse`, `countTokens`; it sends signatures of calls back, but no thoughts |
//! | `openai-sdk`, `anthropic-sdk` | store | yes | applications decide what they send back |
//! | `google-genai` | store | no | it reads each line that is no `data` as JSON, so that a comment ends the stream |
//! | `aws-sdk` | store | – | Converse in binary frames, which have no comments |
//! | `vercel-ai-sdk`, `langchain`, `litellm`, `pydantic-ai` | store | yes | they turn messages into their own form and back, and fields they do not know are gone |
//! | `other` | store | yes | what all get |
//!
//! # Order
//!
//! The [AI service](crate::edge) looks once per call, before it chooses a target, at the headers as
//! they reach it: a layer outside that removes or rewrites `user-agent` makes its clients `other`. A
//! product of [`Profiles::user_agent`] goes before those that are known here, and of these the most
//! particular one counts: `GeminiCLI/… google-genai-sdk/…` is `gemini-cli`.
//!
//! # Refusals
//!
//! None: whoever is not known is `other`.
//!
//! # Cancellation
//!
//! Nothing waits and nothing is remembered from one request to the next.
//!
//! # Cost
//!
//! At most four look-ups of headers and a comparison of each product in them with the names that are
//! known, without an allocation.

mod client;
mod detect;
mod profile;

pub use self::{
    client::Client,
    profile::{Keeping, Profile, Profiles},
};
