//! What tests of the running gateway share: the process, a config file, and a client of few words.
#![forbid(unsafe_code)]

mod client;
mod file;
mod process;

pub use self::{
    client::{Answer, call, get, post},
    file::ConfigFile,
    process::{Gateway, Output},
};
