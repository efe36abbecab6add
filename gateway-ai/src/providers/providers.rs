use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{Provider, ResponseFuture};
use crate::{
    call::AiCall,
    error::{AiError, AiErrorKind},
};

/// All providers of a gateway: a service that gives each call to the one its target names.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    by_name: Arc<BTreeMap<Box<str>, Provider>>,
}

impl Providers {
    /// The provider called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.by_name.get(name)
    }

    /// All of them, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.by_name.values()
    }
}

impl FromIterator<Provider> for Providers {
    fn from_iter<I: IntoIterator<Item = Provider>>(providers: I) -> Self {
        let by_name = providers
            .into_iter()
            .map(|provider| (Box::from(&**provider.name()), provider))
            .collect();
        Self {
            by_name: Arc::new(by_name),
        }
    }
}

impl Service<AiCall> for Providers {
    type Response = <Provider as Service<AiCall>>::Response;
    type Error = AiError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AiError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: AiCall) -> ResponseFuture {
        let provider = call
            .target()
            .and_then(|target| self.get(target.provider()))
            .cloned();
        match provider {
            Some(mut provider) => provider.call(call),
            None => ResponseFuture {
                inner: Box::pin(std::future::ready(Err(AiError::new(
                    AiErrorKind::NotFound,
                    format!("the model `{}` does not exist", call.model()),
                )))),
            },
        }
    }
}
