//! The reference gateway: `gateway-layers` and `gateway-ai` assembled from a config file.

pub mod admin;
pub mod assemble;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doubles;
pub mod reload;
pub mod server;

pub use self::assemble::Gateway;
