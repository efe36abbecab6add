//! What is wrong with a config file, where, and what to write instead.
//!
//! Every finding has a stable code, so that a docs page, a CI annotation and the reply of a reload
//! call speak of the same thing; every renderer prints all of them, because a file is seldom wrong
//! in one place only.

pub mod codes;
mod finding;
mod github;
mod human;
mod json;
mod list;

pub use self::{
    finding::{Diagnostic, Location, Severity},
    list::{Diagnostics, Style},
};
