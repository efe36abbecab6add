use std::sync::Arc;

use super::EndpointState;

/// One place to send requests to: a name, a service, a weight.
#[derive(Clone, Debug)]
pub struct Endpoint<S> {
    pub(super) service: S,
    pub(super) weight: u32,
    pub(super) priority: u32,
    pub(super) state: Arc<EndpointState>,
}

impl<S> Endpoint<S> {
    /// The endpoint called `name`. Names are unique in a set: what is known about an endpoint
    /// follows its name when the set is replaced.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, service: S) -> Self {
        Self {
            service,
            weight: 1,
            priority: 0,
            state: Arc::new(EndpointState::new(name.into())),
        }
    }

    /// How much it can take, relative to the others. Weight 0 gets no requests. Defaults to 1.
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// When it is used: endpoints of a higher number get requests only while too few of the lower
    /// ones are well. Defaults to 0.
    #[must_use]
    pub const fn priority(mut self, priority: u32) -> Self {
        self.priority = priority;
        self
    }

    /// Where it listens, `host:port`, for probes that only connect. The first one given counts.
    #[must_use]
    pub fn address(self, address: impl Into<Box<str>>) -> Self {
        self.state.set_address(address.into());
        self
    }

    /// What is known about the endpoint.
    #[must_use]
    pub const fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }
}
