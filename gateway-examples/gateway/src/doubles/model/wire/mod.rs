//! The five dialects, each as its provider speaks it.

mod bedrock;
mod chat;
mod dialect;
mod gemini;
mod listing;
mod messages;
mod pairing;
mod refusal;
mod responses;
mod sse;

pub(super) use self::dialect::Dialect;
pub(super) use self::dialect::Incoming;
pub(super) use self::listing::model;
pub(super) use self::listing::models;
pub(super) use self::messages::count as count_messages;
pub(super) use self::refusal::Refusal;
