//! Prompts with a contract: templates, typed variables, versions, and an endpoint of their own.
//!
//! A [`Prompt`] is a pair of [minijinja](https://docs.rs/minijinja) templates, the JSON Schema of the
//! variables they take, and the model that answers. Templates run in a sandbox – no files, no
//! includes, undefined variables are errors, a fuel limit ends every loop – and values are data: they
//! are never compiled, and each ends up inside the text of one turn, so none can begin another.
//!
//! # Example
//!
//! ```
//! use gateway_ai::prompt::{Prompt, Var};
//! use serde_json::json;
//!
//! let prompt = Prompt::builder("summarize", "fast")
//!     .var("text", Var::string().max(20_000))
//!     .var("lang", Var::one_of(["en", "de"]).default_to("en"))
//!     .system("You summarise in {{ lang }}.")
//!     .user("{{ text }}")
//!     .build()?;
//!
//! let values = json!({ "text": "A long story." }).as_object().cloned().unwrap();
//! let request = prompt.render(values)?;
//! assert_eq!(request.model, "fast");
//! assert_eq!(request.system[0].parts[0].as_text(), Some("You summarise in en."));
//!
//! let missing = prompt.render(serde_json::Map::new()).unwrap_err();
//! assert_eq!(missing.to_string(), "variable `text` is required");
//! # Ok::<(), gateway_ai::prompt::PromptError>(())
//! ```
//!
//! # Customizing
//!
//! Published at a path, a prompt is a plain REST endpoint: the body is the variables, the answer
//! `{"text": …}` – or, for `Accept: text/event-stream`, the text as it comes. Callers need not know
//! that a model answers.
//!
//! ```
//! use gateway_ai::{
//!     models::{Keys, Models, target},
//!     prompt::{Prompt, Prompts, Var},
//!     providers::HttpClient,
//! };
//! use gateway_core::{Body, BoxError, Request, Response, body::collect};
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // In place of the network.
//! let double = HttpClient::new(tower::service_fn(async |_: Request| {
//!     let reply = r#"{"id":"1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":
//!         [{"index":0,"message":{"role":"assistant","content":"Brief."},"finish_reason":"stop"}]}"#;
//!     let response = http::Response::builder().header("content-type", "application/json");
//!     Ok::<_, BoxError>(response.body(Body::from(reply))?)
//! }));
//!
//! let prompt = Prompt::builder("summarize", "fast")
//!     .var("text", Var::string())
//!     .user("Summarise: {{ text }}")
//!     .publish(http::Method::POST, "/summarize")
//!     .build()?;
//!
//! let ai = Models::new()
//!     .alias("fast", [target("openai/gpt-4o-mini")])
//!     .keys(Keys::new().key("openai", "sk-1"))
//!     .client(double)
//!     .service()?
//!     .prompts(Prompts::from_iter([prompt]));
//!
//! let request = http::Request::post("/summarize").body(Body::from(r#"{"text":"A long story."}"#))?;
//! let response = ai.oneshot(request).await?;
//! assert_eq!(collect(response.into_body(), 1024).await?.bytes(), r#"{"text":"Brief."}"#);
//! # Ok::<(), BoxError>(()) }).unwrap();
//! ```
//!
//! # Versions
//!
//! The newest version answers; `?version=2` asks for another one, in Rust `get("summarize@2")`.
//!
//! # Order
//!
//! Published prompts are looked up by method and path before the paths of the AI APIs, in the
//! [AI service](crate::edge): authentication, limits and whatever else guards those guards them too.
//!
//! # Refusals
//!
//! As `application/problem+json`: 400 `invalid_variable` with the variable's name in `param`, 400
//! `invalid_body` where the body is no JSON object, and what the model call itself may answer.
//!
//! # Decorators
//!
//! A [`Decorator`] puts text around every conversation of a route.
//!
//! # Cancellation
//!
//! As any call: dropping the future or the body cancels the request upstream.
//!
//! # Cost
//!
//! Templates and schemas are compiled once; a call renders, checks and prints.

mod decorator;
#[expect(
    clippy::module_inception,
    reason = "the file holds the type of that name"
)]
mod prompt;
mod store;
mod template;
mod var;

pub use self::{
    decorator::Decorator,
    prompt::{Prompt, PromptBuilder, PromptError},
    store::Prompts,
    template::TemplateError,
    var::{Var, VarError},
};
