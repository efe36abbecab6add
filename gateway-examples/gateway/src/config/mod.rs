//! The config file: its types, how it is loaded, and what is checked beyond its shape.
//!
//! [`load`] gives a [`Loaded`] or [`Diagnostics`](gateway_core::config::Diagnostics) with every
//! finding of the run. What only a builder can know – that a key is too short, that a pattern does
//! not parse – comes back as a [`ConfigError`](gateway_core::config::ConfigError), which
//! [`Loaded::refusal`] places in the file.

pub mod check;
mod link;
mod load;
pub mod model;
#[cfg(test)]
mod sample;
mod schema;
mod scope;
#[cfg(test)]
mod tests;

pub use self::{
    load::{Loaded, load, load_text},
    model::Config,
    schema::{schema, section},
};
