/// How mirroring a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mirrored {
    /// The copy was answered, with whatever status.
    Sent,
    /// The copy was sent and failed: no connection, no answer.
    Failed,
    /// The copy was sent and not answered in time.
    TimedOut,
    /// Not sent: too many copies are in flight.
    Busy,
    /// Not sent: the body is longer than what is kept.
    TooLarge,
    /// Not sent, or not to its end: the body was not read, the client left, the service is gone.
    Cancelled,
}

impl Mirrored {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Sent,
        Self::Failed,
        Self::TimedOut,
        Self::Busy,
        Self::TooLarge,
        Self::Cancelled,
    ];

    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Busy => "busy",
            Self::TooLarge => "too_large",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Hears how each mirrored request ended.
///
/// Implemented for closures. It may run in a `Drop`: it must not block, spawn or panic.
pub trait OnMirrored: Send + Sync + 'static {
    /// A copy has ended, or was not made.
    fn on_mirrored(&self, mirrored: Mirrored);
}

impl<F: Fn(Mirrored) + Send + Sync + 'static> OnMirrored for F {
    fn on_mirrored(&self, mirrored: Mirrored) {
        self(mirrored);
    }
}
