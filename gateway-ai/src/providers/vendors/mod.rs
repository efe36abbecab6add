//! The vendors, a few to a file.

mod aggregators;
mod clouds;
mod first_party;
mod hosts;
mod local;
mod platforms;

pub(super) use self::{
    aggregators::AGGREGATORS, clouds::CLOUDS, first_party::FIRST_PARTY, hosts::HOSTS, local::LOCAL,
    platforms::PLATFORMS,
};
