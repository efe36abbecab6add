//! Models as data: what they can do, how much they take, and what they cost.
//!
//! [`find`] looks a model of a vendor up, [`Price::cost`] turns what a
//! provider counted into money, and [`Prices`] is the price list of one gateway: the built-in one,
//! the operator's own, or none.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{canonical::Usage, catalog};
//!
//! let model = catalog::find("openai", "gpt-4o-mini").unwrap();
//! assert_eq!(model.context, Some(128_000));
//! assert!(model.abilities.has(catalog::Ability::Tools));
//!
//! let usage = Usage { input: Some(1_000), output: Some(500), ..Usage::default() };
//! // 1,000 tokens at $0.15 and 500 at $0.60 a million.
//! assert_eq!(model.price.cost(&usage), Some(450));
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_ai::{canonical::Usage, catalog::{Price, Prices}};
//!
//! // What was negotiated, and what a server of one's own is charged at.
//! let prices = Prices::builtin()
//!     .with("openai/gpt-4o-mini", Price::new(120_000, 480_000))
//!     .with("my-vllm/llama3", Price::new(50_000, 50_000));
//!
//! let usage = Usage { input: Some(1_000_000), ..Usage::default() };
//! let price = prices.of("my-vllm/llama3", "openai").unwrap();
//! assert_eq!(price.cost(&usage), Some(50_000));
//! assert!(prices.of("my-vllm/other", "openai").is_none());
//! ```
//!
//! # Money
//!
//! Whole micro-USD per million tokens, whole micro-USD per call: no fraction is ever a binary one.
//! The classes of a call are summed exactly and rounded once, **up**, so that a cost is never less
//! than what the list says and never a micro-dollar more. A class without a rate of its own is
//! charged as the class it is part of: cached and written input as input, reasoning, sound and
//! pictures as the text around them. A call whose input or output has tokens but no rate has no cost
//! rather than a wrong one.
//!
//! Prices are the vendors' list prices for calls answered at once, as of [`DATE`]; a batch, a
//! service tier or a contract has others, which the operator's own prices express. What is billed
//! by the picture, the minute or the search is not in a cost by tokens.
//!
//! # Cost
//!
//! The table is text in the binary, read when a model is looked up for the first time.

mod cost;
mod model;
mod price;
mod prices;
mod table;

pub use self::{
    model::{Abilities, Ability, Model, Task},
    price::{Price, Rates},
    prices::{PriceRef, Prices},
    table::{DATE, all, find},
};
