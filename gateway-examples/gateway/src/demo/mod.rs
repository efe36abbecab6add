//! `gateway run --demo`: a gateway with no keys, no network and no files.
//!
//! The [`Demo`] starts the [doubles](crate::doubles) on free loopback ports. Its config is a file
//! like any other, [`CONFIG`], in which only their addresses are references; [`Demo::env`] resolves
//! them, so that the demo runs through the same loader, checks and assembly as every config does.
//! The banner lists commands to copy.

mod banner;
mod env;
mod parts;
#[cfg(test)]
mod tests;

pub use self::banner::banner;
pub use self::env::DemoEnv;
pub use self::parts::Demo;

/// The demo's config.
pub const CONFIG: &str = include_str!("gateway.yaml");

/// The name under which findings speak of it.
pub const CONFIG_NAME: &str = "demo.yaml";
