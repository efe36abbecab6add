//! A mock model provider that speaks five dialects.
//!
//! OpenAI Chat Completions, OpenAI Responses, Anthropic Messages (as Bedrock invokes it too), Gemini
//! `generateContent` and Bedrock Converse, each as its provider speaks it: the same endpoints, the
//! same order of stream events, the same error objects, and the same strictness about roles, ids and
//! pairing of tool calls, so that a gateway which prints something a provider would refuse is refused
//! here too.
//!
//! # What it answers
//!
//! Text that depends on the conversation and on nothing else: the same in every dialect, streamed
//! or not. Some things a user can ask for:
//!
//! | the user's text, or the request, says | the answer |
//! |---|---|
//! | `say: anything` | is `anything` |
//! | `250 words` | has exactly 250 words, which is as many tokens |
//! | a tool's name, a word of it (`weather` for `get_weather`), or "call a tool" | calls that tool |
//! | a forced tool choice | calls that tool, or the first |
//! | two cities, or `parallel` | calls in parallel, unless the request forbids it |
//! | the result of a tool | quotes it |
//! | a JSON schema | conforms to it |
//! | thinking or a reasoning effort | begins with thinking, signed where the dialect signs |
//! | `max_tokens`, stop sequences | is cut there |
//!
//! Sessions of OpenAI's Realtime API, at `/v1/realtime`, write or speak the same answers.
//!
//! A model named `missing-…` does not exist, and gives 404. Every other name is answered.
//!
//! # What it counts
//!
//! [`count_tokens`] over all message text, as each dialect reports usage; the truth is in
//! [`Stats`](super::Stats), in Rust and at `GET /__stats`.
//!
//! Thinking that comes back with the signature it was given costs nothing and is counted as one of
//! the call's [`proofs`](super::CallRecord::proofs); with another signature it is refused.
//!
//! Caching of prompts is a rule and not a memory, so that tests need no warming up. In Messages,
//! what a mark with the `ttl` `1h` covers counts as written and what any other mark covers as read;
//! in Converse, what a cache point covers counts as read; in OpenAI's dialects, a `prompt_cache_key`
//! makes half of the prompt cached.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use gateway::doubles;
//! use gateway::doubles::model::ModelServer;
//!
//! let model = ModelServer::new().key("sk-test");
//! let serving = doubles::spawn(model.router()).await?;
//! // An OpenAI client takes this as its base URL.
//! let base_url = format!("{}/v1", serving.url());
//! model.faults().set("status=429,retry_after=2,times=1".parse().expect("a fault"));
//! assert_eq!(model.stats().snapshot().requests, 0);
//! # drop(base_url); Ok(()) }
//! ```

mod brain;
mod call;
mod embed;
mod handler;
mod realtime;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use self::brain::count_tokens;
pub use self::server::ModelServer;
