//! Config files: units, secrets and diagnostics with file, line and column.

mod error;
mod secret;
mod suggest;
mod units;

pub use self::{
    error::ConfigError,
    secret::Secret,
    suggest::closest,
    units::{ByteSize, Duration, Percent, Rate, UnitError},
};
