//! Keys that are fetched: one flight at a time, kept while they are good.

mod fetch;
mod location;
mod lookup;
mod ttl;

pub(super) use self::{
    fetch::{Fetch, Http},
    location::Location,
    lookup::{Flight, Remote, Timing},
};
