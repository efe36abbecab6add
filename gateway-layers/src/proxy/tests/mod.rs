pub(crate) mod support;

mod failure;
mod forward;
mod upgrade;
