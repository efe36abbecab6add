use std::sync::Arc;

use tower_layer::Layer;

use super::{OnUnreadable, RequestRules, ResponseRules, RuleError, Transform, plan::Plan};

/// Applies [`Transform`].
///
/// See the [module docs](crate::transform) for an example.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct TransformLayer {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) max_body: usize,
    pub(super) on_unreadable: OnUnreadable,
}

impl TransformLayer {
    /// Checks the rules.
    ///
    /// # Errors
    ///
    /// If a name, a template or a pointer cannot be read, or a rule makes no sense; the error has
    /// the path of the rule.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "rules are built in place and handed over"
    )]
    pub fn new(request: RequestRules, response: ResponseRules) -> Result<Self, RuleError> {
        Ok(Self {
            shared: Arc::new(Shared {
                plan: Plan::new(&request, &response)?,
                max_body: MAX_BODY,
                on_unreadable: OnUnreadable::default(),
            }),
        })
    }

    /// The largest JSON body that is edited; a larger one is refused. Defaults to 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        Arc::make_mut(&mut self.shared).max_body = bytes;
        self
    }

    /// What becomes of a response whose JSON cannot be edited.
    /// Defaults to [`OnUnreadable::Refuse`].
    pub fn on_unreadable(mut self, on_unreadable: OnUnreadable) -> Self {
        Arc::make_mut(&mut self.shared).on_unreadable = on_unreadable;
        self
    }
}

impl<S> Layer<S> for TransformLayer {
    type Service = Transform<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Transform::new(inner, Arc::clone(&self.shared))
    }
}

const MAX_BODY: usize = 1 << 20;
