use std::time::Duration;

/// What one answer tells an adaptive limit. Times are since some start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When the head came.
    pub(super) now: Duration,
    /// How long it took, from when the request was let through.
    pub(super) latency: Duration,
    /// How many were under way when it was let through, itself included.
    pub(super) in_flight: u32,
    /// Whether the answer says that there was too much to do.
    pub(super) overloaded: bool,
}
