//! Upstreams that fail, hang and recover: retries, circuits, places, hedges.

mod backend;
mod circuits;
mod places;
mod retries;
