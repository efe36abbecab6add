//! What must not get through: two readers of one message that disagree, and clients and upstreams
//! that mean harm.

mod frames;
mod framing;
mod paths;
mod raw;
mod upstreams;
