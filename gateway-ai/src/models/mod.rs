//! Models by name: aliases, targets and the order in which they are tried.
//!
//! A client names an alias (`fast`) or a target (`anthropic/claude-haiku-4-5`). An [`Alias`] is a
//! list tried in order, or a split by weight with a reserve; targets may be other aliases, and a
//! loop is an error when the gateway is built. [`Models`] puts names, providers, keys and fallback
//! together.
//!
//! # Example
//!
//! ```
//! use gateway_ai::models::{Keys, Models, target};
//!
//! let ai = Models::new()
//!     .alias("fast", [target("openai/gpt-4o-mini"), target("anthropic/claude-haiku-4-5")])
//!     .keys(Keys::new().key("openai", "sk-1").key("anthropic", "sk-2"))
//!     .service()?;
//!
//! // `POST /v1/chat/completions`, `/v1/messages`, `/v1/embeddings`, `GET /v1/models`, …
//! let app: axum::Router = axum::Router::new().fallback_service(ai);
//! # drop(app);
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_ai::{
//!     models::{Alias, Keys, Models, target},
//!     providers::{Provider, table},
//! };
//!
//! let catalog = Models::new()
//!     .provider("my-vllm", Provider::builder("my-vllm", table::find("openai").unwrap())
//!         .base_url("http://127.0.0.1:8000/v1"))
//!     .alias("smart", Alias::split([
//!         target("anthropic/claude-sonnet-4-5").weight(80),
//!         target("openai/gpt-4o").weight(20),
//!     ]).then([target("my-vllm/llama3")]))
//!     .keys(Keys::new().key("openai", "sk-1").key("anthropic", "sk-2"))
//!     .catalog()?;
//!
//! let plan = catalog.targets("smart").unwrap();
//! assert_eq!(&**plan[1].name(), "my-vllm/llama3");
//! assert!(catalog.targets("my-vllm/any-other").is_some());
//! assert!(catalog.targets("nobody/x").is_none());
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # Order
//!
//! A name is looked up once per call, before the [fallback](crate::fallback) tries what it stands
//! for. [`Identity`](gateway_core::Identity) is read if an authentication layer outside sets one: of
//! a caller with a claim `models` the list is all it may name. Among the targets of a split the
//! [guardian](crate::guardian) draws by the conversation; where there is none they take turns.
//!
//! # Refusals
//!
//! A model that is not there is a `NotFound` error, and so is one the caller may not use, so that
//! names cannot be probed; one of whose targets none has the operation is `Unsupported`. What makes
//! no sense among the aliases themselves is a [`ModelsError`] before anything is served.
//!
//! # Cancellation
//!
//! Nothing waits, and nothing is held by a call that is dropped.
//!
//! # Cost
//!
//! A look-up by name for an alias and for each it names, and a reference count for each target; a
//! list of more than four is allocated. A target that is named directly is made anew.

mod alias;
mod builder;
mod catalog;
mod kept;
mod keys;
mod target;

pub use self::{
    alias::{Alias, AliasError, Aliases, Plan},
    builder::{Models, ModelsError},
    catalog::Catalog,
    keys::Keys,
    target::{Target, is_valid_model, target},
};
pub(crate) use self::{catalog::may_use, kept::Kept};
