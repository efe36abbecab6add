use std::sync::Arc;

use tower_layer::Layer;

use super::{Breaker, Circuit, CircuitBreaker, Fallback};

/// Refuses requests while what is inside keeps failing.
///
/// All services it makes, and all clones, share one circuit. See the
/// [module docs](crate::circuit_breaker) for an example.
#[derive(Clone, Debug)]
pub struct CircuitBreakerLayer {
    circuit: Arc<Circuit>,
    fallback: Option<Arc<Fallback>>,
}

impl CircuitBreakerLayer {
    /// A circuit of its own that goes by `rules`.
    #[must_use]
    pub fn new(rules: Breaker) -> Self {
        Self {
            circuit: Arc::new(Circuit::new(rules)),
            fallback: None,
        }
    }

    /// What is answered while the circuit is open. Defaults to a 503 with `Retry-After`.
    #[must_use]
    pub fn fallback(mut self, answer: Fallback) -> Self {
        self.fallback = Some(Arc::new(answer));
        self
    }

    /// The circuit, to show its state.
    #[must_use]
    pub const fn circuit(&self) -> &Arc<Circuit> {
        &self.circuit
    }
}

impl Default for CircuitBreakerLayer {
    fn default() -> Self {
        Self::new(Breaker::new())
    }
}

impl<S> Layer<S> for CircuitBreakerLayer {
    type Service = CircuitBreaker<S>;

    fn layer(&self, inner: S) -> CircuitBreaker<S> {
        CircuitBreaker {
            inner,
            circuit: Arc::clone(&self.circuit),
            fallback: self.fallback.clone(),
        }
    }
}
