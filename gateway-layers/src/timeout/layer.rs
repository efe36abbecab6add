use std::{sync::Arc, time::Duration};

use tower_layer::Layer;

use super::Timeout;

/// Bounds how long an answer may take.
///
/// See the [module docs](crate::timeout) for an example.
#[derive(Clone, Debug, Default)]
pub struct TimeoutLayer {
    clocks: Clocks,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    pub(super) first_byte: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) upload_idle: Option<Duration>,
    pub(super) total: Option<Duration>,
    pub(super) client_header: bool,
}

impl TimeoutLayer {
    /// A layer with no clock set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time from the call to the response head. Defaults to no limit.
    #[must_use]
    pub const fn first_byte(mut self, limit: Duration) -> Self {
        self.clocks.first_byte = Some(limit);
        self
    }

    /// The longest pause of the response body. Defaults to no limit.
    #[must_use]
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.clocks.idle = Some(limit);
        self
    }

    /// The longest pause of the request body. Defaults to no limit.
    #[must_use]
    pub const fn upload_idle(mut self, limit: Duration) -> Self {
        self.clocks.upload_idle = Some(limit);
        self
    }

    /// The time from the call to the end of the response. Defaults to no limit.
    #[must_use]
    pub const fn total(mut self, limit: Duration) -> Self {
        self.clocks.total = Some(limit);
        self
    }

    /// Whether clients may shorten the total with `x-gateway-timeout: 250ms`. The header is removed
    /// either way. Defaults to `false`.
    #[must_use]
    pub const fn client_header(mut self, honour: bool) -> Self {
        self.clocks.client_header = honour;
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout {
            inner,
            clocks: Arc::new(self.clocks.clone()),
        }
    }
}
