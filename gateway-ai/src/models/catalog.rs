use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use gateway_core::Identity;
use serde_json::Value;

use super::{Aliases, Kept, Plan, is_valid_model, target};
use crate::{
    call::AiCall,
    error::{AiError, AiErrorKind},
    keeper::Held,
    providers::Providers,
};

/// Everything a client may name as a model: aliases, and `provider/model` of any provider.
#[derive(Clone, Debug)]
pub struct Catalog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    aliases: Aliases,
    providers: Providers,
    tickets: AtomicU64,
}

impl Catalog {
    /// A catalogue of these aliases and providers.
    #[must_use]
    pub fn new(aliases: Aliases, providers: Providers) -> Self {
        Self {
            inner: Arc::new(Inner {
                aliases,
                providers,
                tickets: AtomicU64::new(0),
            }),
        }
    }

    /// The aliases.
    #[must_use]
    pub fn aliases(&self) -> &Aliases {
        &self.inner.aliases
    }

    /// The providers.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.inner.providers
    }

    /// The targets of a call in the order they are tried: those that have the operation at all.
    ///
    /// # Errors
    ///
    /// When there is no such model, or none of its targets has the operation.
    pub fn plan(&self, call: &AiCall) -> Result<Plan, AiError> {
        let model = call.model();
        let mut plan = self.allowed_by(call.identity(), model, &|| self.ticket(call))?;
        if let Some(kept) = call.extensions().get::<Kept>() {
            kept.narrow(&mut plan, &self.inner.providers);
        }
        plan.retain(|target| {
            let provider = self.inner.providers.get(target.provider());
            provider.is_some_and(|provider| provider.offers(call, target.model()))
        });
        if plan.is_empty() {
            return Err(AiError::new(
                AiErrorKind::Unsupported,
                format!("no target of the model `{model}` offers this operation"),
            )
            .with_param("model"));
        }
        Ok(plan)
    }

    /// The targets a name stands for, as far as the caller may use it.
    pub(crate) fn allowed(
        &self,
        identity: Option<&Identity>,
        model: &str,
    ) -> Result<Plan, AiError> {
        self.allowed_by(identity, model, &|| self.turn())
    }

    /// A model the caller may not use does not exist for it, so that names cannot be probed.
    fn allowed_by(
        &self,
        identity: Option<&Identity>,
        model: &str,
        ticket: &dyn Fn() -> u64,
    ) -> Result<Plan, AiError> {
        let plan = may_use(identity, model).then(|| self.targets_by(model, ticket));
        plan.flatten().ok_or_else(|| not_found(model))
    }

    /// The targets a name stands for.
    #[must_use]
    pub fn targets(&self, model: &str) -> Option<Plan> {
        self.targets_by(model, &|| self.turn())
    }

    /// What chooses among the targets of a split: the conversation, so that all its turns go to one
    /// of them, or else whose turn it is.
    fn ticket(&self, call: &AiCall) -> u64 {
        Held::beginning(call).unwrap_or_else(|| self.turn())
    }

    fn turn(&self) -> u64 {
        self.inner.tickets.fetch_add(1, Relaxed)
    }

    fn targets_by(&self, model: &str, ticket: &dyn Fn() -> u64) -> Option<Plan> {
        if let Some(plan) = self.inner.aliases.plan_by(model, ticket) {
            return Some(plan);
        }
        let direct = target(model);
        let known = !direct.is_alias()
            && self.inner.providers.get(direct.provider()).is_some()
            && is_valid_model(direct.model());
        known.then(|| Plan::from_iter([direct]))
    }

    /// The names to show in a list – the aliases, then the targets they name, each once – as far as
    /// the caller may use them.
    #[must_use]
    pub fn names_for(&self, identity: Option<&Identity>) -> Vec<&str> {
        let mut names = self.names();
        names.retain(|name| may_use(identity, name));
        names
    }

    /// The names to show in a list: the aliases, then the targets they name, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let aliases = &self.inner.aliases;
        let mut names: Vec<&str> = aliases.iter().map(|(name, _)| name).collect();
        for (_, alias) in aliases.iter() {
            for target in alias.targets().filter(|target| !target.is_alias()) {
                if !names.contains(&&**target.name()) {
                    names.push(target.name());
                }
            }
        }
        names
    }
}

/// Whether the caller's claims let it use a model: those with a list of `models` name all it may.
pub(crate) fn may_use(identity: Option<&Identity>, model: &str) -> bool {
    let allowed = identity
        .and_then(|identity| identity.claim("models"))
        .and_then(Value::as_array);
    allowed.is_none_or(|names| names.iter().any(|name| name.as_str() == Some(model)))
}

fn not_found(model: &str) -> AiError {
    // The name is the client's own text, but it goes into a message and a log.
    let shown: String = model
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();
    AiError::new(
        AiErrorKind::NotFound,
        format!("the model `{shown}` does not exist"),
    )
    .with_code("model_not_found")
    .with_param("model")
}
