//! What a double saw and sent, for a test to compare the gateway's account with.

mod counters;
mod http;
mod record;
mod ticket;

pub use self::counters::Snapshot;
pub use self::counters::Stats;
pub use self::record::CallRecord;
pub use self::record::Captured;

pub(crate) use self::http::routes;
pub(crate) use self::ticket::Ticket;
