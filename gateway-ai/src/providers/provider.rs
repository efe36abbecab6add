use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName};
use tower_service::Service;

use super::{
    HttpClient, KeyPool, ProviderBuilder, ProviderSpec, Quirks, bedrock, exchange, exotic,
    routes::{Platform, Routes},
    vertex,
};
use crate::{
    auth::Authorizer,
    call::{AiCall, AiReply, Operation},
    catalog::Prices,
    dialect::Dialect,
    error::AiError,
};

/// A service that has a call answered by one provider.
///
/// See the [module docs](crate::providers) for an example.
#[derive(Clone)]
pub struct Provider {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) name: Arc<str>,
    pub(super) dialect: Dialect,
    /// `scheme://host:port`, for logs.
    pub(super) endpoint: Arc<str>,
    pub(super) routes: Routes,
    /// The same server in a second dialect.
    pub(super) also: Option<Routes>,
    pub(super) key_header: HeaderName,
    pub(super) authorizer: Option<Authorizer>,
    pub(super) keys: KeyPool,
    pub(super) quirks: Quirks,
    pub(super) kind: &'static str,
    pub(super) prices: Arc<Prices>,
    pub(super) forward: Box<[HeaderName]>,
    pub(super) extra: HeaderMap,
    pub(super) client: HttpClient,
}

impl Inner {
    /// Whether a call in a dialect may pass as it is.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        let also = self.also.as_ref();
        self.dialect == dialect || also.is_some_and(|also| also.dialect == dialect)
    }

    /// The wire a call goes over: the client's own dialect where the provider speaks it.
    ///
    /// On Vertex AI every model has one wire, and the model's name says which. On Bedrock every model
    /// has Converse, and Claude its own dialect beside it.
    pub(super) fn wire(&self, dialect: Dialect, model: &str) -> &Routes {
        let Some(also) = &self.also else {
            return &self.routes;
        };
        let second = match also.platform {
            Platform::Vertex => vertex::is_claude(model),
            Platform::Invoke => also.dialect == dialect && bedrock::is_claude(model),
            Platform::Own | Platform::Deployments | Platform::Watsonx => also.dialect == dialect,
        };
        if second { also } else { &self.routes }
    }
}

impl Provider {
    /// Starts a provider called `name` in configuration, targets and logs.
    pub fn builder(name: &str, spec: &ProviderSpec) -> ProviderBuilder {
        ProviderBuilder::new(name, spec)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// The kind of vendor it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.inner.kind
    }

    /// What it speaks with those who speak nothing it does.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Whether it speaks a dialect.
    #[must_use]
    pub fn speaks(&self, dialect: Dialect) -> bool {
        self.inner.speaks(dialect)
    }

    /// Whether it keeps files and batches for clients of a dialect.
    pub(crate) fn keeps_files(&self, dialect: Dialect) -> bool {
        let wire = self.inner.wire(dialect, "");
        let has = matches!(dialect, Dialect::Chat | Dialect::Messages);
        has && (wire.dialect, wire.platform) == (dialect, Platform::Own)
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &KeyPool {
        &self.inner.keys
    }

    /// Whether a call of one of its models can be answered here.
    pub(crate) fn offers(&self, call: &AiCall, model: &str) -> bool {
        let operation = call.operation();
        operation == Operation::Chat || {
            let wire = self.inner.wire(call.dialect(), model);
            let operation = exotic::operation(call, wire.dialect);
            wire.has(operation) && wire.uri(operation, model, false).is_some()
        }
    }

    /// Whether it has an operation at all.
    #[must_use]
    pub fn has(&self, operation: Operation) -> bool {
        let also = self.inner.also.as_ref();
        self.inner.routes.has(operation) || also.is_some_and(|routes| routes.has(operation))
    }
}

impl Service<AiCall> for Provider {
    type Response = AiReply;
    type Error = AiError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AiError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: AiCall) -> ResponseFuture {
        exchange::run(Arc::clone(&self.inner), call)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.inner.name)
            .field("dialect", &self.inner.dialect)
            .field("endpoint", &self.inner.endpoint)
            .field("keys", &self.inner.keys)
            .finish_non_exhaustive()
    }
}

/// Response future of [`Provider`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    pub(super) inner: Pin<Box<dyn Future<Output = Result<AiReply, AiError>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<AiReply, AiError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
