//! Middleware that gives every request an id which names the region it came in by.
//!
//! Forked from `gateway_layers::request_id`; the folder has the same files, so a later change there is
//! a diff to read here.

mod future;
mod layer;
mod service;

pub(crate) use self::layer::RegionIdLayer;
