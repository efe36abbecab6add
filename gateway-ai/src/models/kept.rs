use std::sync::Arc;

use super::Plan;
use crate::{dialect::Dialect, providers::Providers};

/// Where the answer that a call continues is kept: nobody else can continue it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The provider, where it is known.
    provider: Option<Arc<str>>,
}

impl Kept {
    pub(crate) const fn new(provider: Option<Arc<str>>) -> Self {
        Self { provider }
    }

    /// Leaves the targets that may know the answer, if there are any; without one the refusal is
    /// the translation's, which names the field.
    pub(super) fn narrow(&self, plan: &mut Plan, providers: &Providers) {
        let keeps = |name: &str| match &self.provider {
            Some(provider) => **provider == *name,
            None => (providers.get(name)).is_some_and(|one| one.speaks(Dialect::Responses)),
        };
        if plan.iter().any(|target| keeps(target.provider())) {
            plan.retain(|target| keeps(target.provider()));
        }
    }
}
