//! Middleware that answers from stored responses.

mod admit;
mod ask;
mod entry;
mod fill;
mod flight;
mod future;
mod handle;
mod key;
mod layer;
mod memory;
mod policy;
mod refresh;
mod service;
mod state;
mod stats;
mod status;
mod store;

pub use self::{
    entry::{Entry, Variants},
    future::ResponseFuture,
    handle::CacheHandle,
    key::{CacheKey, KeyRef, Place},
    layer::CacheLayer,
    memory::MemoryStore,
    service::Cache,
    stats::CacheStats,
    store::{Answer, Store, StoreUsage},
};
