pub(crate) mod support;

#[cfg(feature = "timeout")]
mod clocks;
mod failure;
mod forward;
mod load;
mod upgrade;
