//! A service that is an AI gateway: HTTP in the dialect of any SDK in, a provider's answer out.
//!
//! [`AiService`] is a leaf: a `tower_service::Service<http::Request<_>>` that answers the paths of
//! the OpenAI and Anthropic APIs and never fails – whatever happens is a response, in the error
//! shape of the API the client speaks. Mount it on any router, put any layer around it.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{models::{Keys, Models, target}, providers::HttpClient};
//! use gateway_core::{Body, BoxError, Request, body::collect};
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // In place of the network: OpenAI is down, Anthropic answers.
//! let double = HttpClient::new(tower::service_fn(async |request: Request| {
//!     let response = http::Response::builder().header("content-type", "application/json");
//!     Ok::<_, BoxError>(match request.uri().host() {
//!         Some("api.openai.com") => response.status(500).body(Body::from("{}"))?,
//!         _ => response.body(Body::from(
//!             r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5",
//!                 "content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn",
//!                 "usage":{"input_tokens":9,"output_tokens":2}}"#,
//!         ))?,
//!     })
//! }));
//!
//! let ai = Models::new()
//!     .alias("fast", [target("openai/gpt-4o-mini"), target("anthropic/claude-haiku-4-5")])
//!     .keys(Keys::new().key("openai", "sk-1").key("anthropic", "sk-2"))
//!     .client(double)
//!     .service()?;
//!
//! // An OpenAI client is answered by Anthropic and need not know.
//! let request = http::Request::post("/v1/chat/completions")
//!     .body(Body::from(r#"{"model":"fast","messages":[{"role":"user","content":"hi"}]}"#))?;
//! let response = ai.oneshot(request).await?;
//! assert_eq!(response.headers()["x-gateway-model"], "anthropic/claude-haiku-4-5");
//! assert_eq!(response.headers()["x-gateway-fallback"], "openai/gpt-4o-mini=500");
//!
//! let body = collect(response.into_body(), 4096).await?;
//! let reply: serde_json::Value = serde_json::from_slice(body.bytes())?;
//! assert_eq!(reply["choices"][0]["message"]["content"], "Hello");
//! # Ok::<(), BoxError>(()) }).unwrap();
//! ```
//!
//! # Customizing
//!
//! It nests in an axum router as any service does; layers of your own over
//! [`AiCall`](crate::call::AiCall) go between the edge and the providers.
//!
//! ```
//! use gateway_ai::{
//!     call::AiCall,
//!     edge::{AiFormatLayer, AiService},
//!     fallback::{Failover, Fallback},
//!     models::{Keys, Models, target},
//! };
//! use tower::ServiceBuilder;
//!
//! let catalog = Models::new()
//!     .alias("fast", [target("openai/gpt-4o-mini")])
//!     .keys(Keys::new().key("openai", "sk-1"))
//!     .catalog()?;
//! let providers = catalog.providers().clone();
//!
//! let calls = ServiceBuilder::new()
//!     .map_request(|mut call: AiCall| {
//!         // What cannot be parsed is refused further in, with an error that names the field.
//!         let _ = call.edit(|request| {
//!             let limit = &mut request.limits.max_output_tokens;
//!             *limit = Some(limit.unwrap_or(1000).min(1000));
//!         });
//!         call
//!     })
//!     .service(Failover::new(providers, catalog.clone(), Fallback::default()));
//!
//! let ai = AiService::new(calls, catalog).request_limit(8 << 20);
//! let app: axum::Router = axum::Router::new()
//!     .fallback_service(ai)
//!     .layer(AiFormatLayer::new());
//! # drop(app);
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # Paths
//!
//! `POST /v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/moderations`,
//! `/v1/images/*`, `/v1/audio/*`, `/v1/rerank`, `GET /v1/models` as OpenAI has them;
//! `POST /v1/messages`, `/v1/messages/count_tokens` as Anthropic has them; and where prompts are
//! published; `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` as an array or,
//! with `alt=sse`, as events, `:countTokens`, `:embedContent`, `:batchEmbedContents` as Gemini has
//! them, also below Vertex AI's `/v1/projects/…/models/`; whatever a query says beside `alt`, such as
//! a `key`, goes nowhere. `/v1` may be missing. Conversations go to a provider of any dialect, the rest passes
//! as it is to one that has it; tokens that no provider of a model can count are estimated, and
//! `x-gateway-lossy: input_tokens.estimated` says so.
//!
//! `POST /model/{model}/converse` and `/converse-stream` are Bedrock's; the model is one segment,
//! escaped as Amazon's SDKs do. These send a key as a bearer token where they are given a Bedrock API
//! key. A signature is none: it proves who signed to those alone who know the secret. Claude on
//! Bedrock is invoked in its own words by clients that speak Messages, so that nothing is lost, and
//! conversed with by all others – as is every model whose name an inference profile hides.
//!
//! `POST /v1/responses` is a conversation like any other. What the Responses API keeps –
//! `/v1/responses/{id}`, its `/cancel` and `/input_items`, `/v1/conversations…` – passes as it is to
//! the provider that keeps it: the one an answer of that id came from, as far as a bounded memory
//! goes, or the only one that speaks the dialect. An id is known to the tenant it was given to alone.
//! `previous_response_id` and `conversation` lead to the same provider; where a model has none of
//! that dialect they are refused with 400, since nobody else knows what was said.
//!
//! A form of up to 256 KiB is held and can be sent to another provider should one fail. A larger one
//! is sent on as it comes in, once; its `model` must stand within the limit of a request.
//!
//! Where a route names who keeps them – [`AiService::files`] – `/v1/files…` and `/v1/batches…` pass to that
//! provider as OpenAI has them, `/v1/messages/batches…` and, with `anthropic-version`, `/v1/files…` as
//! Anthropic has them. Uploads go on as they come and are never held. Ids are known to the tenant they
//! were given to alone, and lists show a caller with an identity its own. Nobody reads what is in a
//! batch: it names models as the provider does, costs nothing here, and is refused to callers whose
//! claims name models.
//!
//! # Answers
//!
//! Where client and provider speak the same dialect the provider's bytes are the answer, streamed or
//! not, with one exception: a usage chunk that the gateway asked for and the client did not. Across
//! dialects they are parsed and printed in one pass, and `x-gateway-lossy` names what was lost. What a
//! stream loses after its head is named in a comment before its end, `: gateway {"lossy":"logprobs"}`,
//! where clients know comments; the [`Outcome`](gateway_core::Outcome) of the request has all of it.
//! `x-gateway-model` says who answered, `x-gateway-attempts` how many targets were asked,
//! `x-gateway-fallback` which failed and why. The response extensions carry
//! [`Upstream`](gateway_core::Upstream) and, for whole answers, [`Usage`](gateway_core::Usage);
//! the [`Outcome`](gateway_core::Outcome) of the request gets both at the end of the stream, once,
//! also when the client goes away.
//!
//! # WebSockets
//!
//! `GET /v1/responses` may be opened as a WebSocket, as Codex does, over HTTP/1.1 and HTTP/2. Each
//! `response.create` message is a call as if it had been posted – aliases, fallback, rights and
//! counting hold for the model it names, and the provider needs neither WebSockets nor the Responses
//! API – and the events of its answer are messages. A refused call is an `error` event with the
//! status it would have had, and the connection stays. Messages are as long as requests may be. What
//! the calls used is summed up at its end, for each target that answered. Layers outside see the
//! request that opens it and none of the calls: a rate limit counts connections.
//!
//! With `store: false` an answer is continued by `previous_response_id` all the same: the connection
//! remembers its last one and sends it along with the new input. `generate: false` asks nobody: the
//! input is remembered, and goes with the call that continues it.
//!
//! `GET /v1/realtime?model=…` opens a session of the Realtime API, at the first target of the model
//! whose provider speaks OpenAI's dialects by their own paths and opens one. Messages pass as they
//! are, save that the provider's name of the model stands where the client's was; the tokens of each
//! `response.done` are counted. What is refused is refused before the session opens. A provider that
//! goes away is an `error` event and the close code 1011.
//!
//! Either is closed with 1001 when it was [silent](AiService::socket_idle) for ten minutes and when it
//! was [open](AiService::socket_total) for an hour, and with 1008 within seconds when who opened it
//! would no longer be let in with the same rights: that is known of requests that have come through a
//! [`StandingLayer`](gateway_layers::proxy::StandingLayer). By the same way it learns that the gateway
//! ends, and is closed with 1001 as soon as nothing has moved for three seconds.
//!
//! # Costs
//!
//! Where the model has a [price](crate::catalog), `x-gateway-cost-usd` says what a whole answer
//! cost. A stream says it in a comment, `: gateway {"cost_usd":0.000450}`, before the event that
//! ends it – where the gateway prints the stream. One that passes byte for byte gets the comment
//! only with [`StreamCost::Always`], behind the provider's last event, so that what the provider
//! sent is never cut in two. Gemini's clients take a comment for JSON and Bedrock's frames have
//! none: they are never told.
//!
//! # Order
//!
//! [`AiFormatLayer`] goes outside everything that may refuse. [`Identity`](gateway_core::Identity)
//! is read if an authentication layer inside it sets one: a claim `models` lists what the caller may
//! name. [`Deadline`](gateway_core::Deadline) is read if there is one, `x-gateway-timeout` shortens it.
//!
//! # Refusals
//!
//! In the client's dialect: 400 for bodies that are no request or that spell `model` or `stream`
//! twice or in another case, 404 for unknown models and paths, 405, 413 over the request limit, 415
//! for compressed bodies. What a provider refuses is passed on where the client can mend it; where
//! the operator must – a dead key, an empty account – and where all targets failed it is a 502, 503
//! or 504 `upstream_error` with a list of `attempts`. A stream that fails after it began ends in the
//! dialect's error event, without `[DONE]` or `message_stop`.
//!
//! # Cancellation
//!
//! Dropping the future or the response body drops the request upstream, and so does a client that
//! leaves its WebSocket. There is no channel, and save for a WebSocket no task: the client's reads
//! drive the provider's stream.
//!
//! # Cost
//!
//! One boxed future here, one in the fallback, two in the provider; one box for the reply, one for
//! the body of a stream.
//! Frames that are ready together are handed on together, and none waits for another.

mod answer;
mod array;
mod clock;
mod context;
mod cost;
mod entry;
mod estimate;
mod files;
mod fold;
mod format;
mod framing;
mod future;
mod head;
mod ingress;
mod list;
mod memory;
mod pass;
#[cfg(feature = "prompt")]
mod published;
mod refuse;
mod service;
mod shared;
mod socket;
mod stored;
mod timeout;
mod translate;
mod upload;
pub(crate) use self::memory::tenant;
#[cfg(feature = "config")]
pub(crate) use self::socket::{IDLE as SOCKET_IDLE, TOTAL as SOCKET_TOTAL};

pub use self::{
    cost::StreamCost,
    format::{AiFormat, AiFormatLayer},
    future::ResponseFuture,
    ingress::error_format,
    memory::AiState,
    service::AiService,
};
