//! A service that is an AI gateway: HTTP in the dialect of any SDK in, a provider's answer out.

mod answer;
mod clock;
mod context;
mod estimate;
mod fold;
mod format;
mod ingress;
mod list;
mod pass;
#[cfg(feature = "prompt")]
mod published;
mod refuse;
mod service;
mod tap;
mod timeout;
mod translate;

pub use self::{
    format::{AiFormat, AiFormatLayer},
    service::{AiService, ResponseFuture},
};
