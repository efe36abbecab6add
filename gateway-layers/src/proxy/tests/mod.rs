pub(crate) mod support;

mod bodies;
#[cfg(feature = "timeout")]
mod clocks;
mod failure;
mod forward;
mod load;
mod upgrade;
