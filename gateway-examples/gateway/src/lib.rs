//! The reference gateway.
pub mod server;
