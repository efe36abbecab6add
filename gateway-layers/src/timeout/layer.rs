use std::{sync::Arc, time::Duration};

use tower_layer::Layer;

use super::{Timeout, service::Settings};

/// Bounds how long an answer may take, at each stage. All stages are unbounded unless set.
///
/// See the [module docs](crate::timeout) for an example.
#[derive(Clone, Debug, Default)]
pub struct TimeoutLayer {
    settings: Arc<Settings>,
}

impl TimeoutLayer {
    /// A layer that bounds nothing yet, except by a [`Deadline`](gateway_core::Deadline) that is
    /// already in the request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn edit(mut self, edit: impl FnOnce(&mut Settings)) -> Self {
        edit(Arc::make_mut(&mut self.settings));
        self
    }

    /// How long the head of the answer may take, from when the last part of the request was handed
    /// over. Defaults to no bound.
    #[must_use]
    pub fn first_byte(self, timeout: Duration) -> Self {
        self.edit(|settings| settings.first_byte = Some(timeout))
    }

    /// How long the body of the answer may pause. Time in which the client does not read is not a
    /// pause. Defaults to no bound.
    #[must_use]
    pub fn idle(self, timeout: Duration) -> Self {
        self.edit(|settings| settings.idle = Some(timeout))
    }

    /// How long the body of the request may pause. Time in which nobody asks for it is not a pause.
    /// Defaults to no bound.
    #[must_use]
    pub fn upload_idle(self, timeout: Duration) -> Self {
        self.edit(|settings| settings.upload_idle = Some(timeout))
    }

    /// How long everything may take, to the end of the answer's body. Defaults to no bound; leave it
    /// so for streams.
    #[must_use]
    pub fn total(self, timeout: Duration) -> Self {
        self.edit(|settings| settings.total = Some(timeout))
    }

    /// Whether a client may shorten the total time with `x-gateway-timeout: 1500ms`. It can never
    /// extend it, and goes on with the time that is left. Defaults to `false`.
    #[must_use]
    pub fn header(self, honour: bool) -> Self {
        self.edit(|settings| settings.header = honour)
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}
