use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tower_service::Service;

use super::{
    HttpClient, KeyPool, ProviderBuilder, ProviderError, ProviderSpec, Quirks, exchange, vertex,
};
use crate::{
    auth::Authorizer,
    call::{AiCall, AiReply, Operation, PassOperation},
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

/// The URLs of a provider's operations: parsed once where they do not name the model.
pub(super) struct Routes {
    base: Box<str>,
    pub(super) platform: Platform,
    pub(super) dialect: Dialect,
    fixed: Box<[(Operation, Uri)]>,
}

/// Whose paths a dialect's operations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// The dialect's own.
    Own,
    /// Vertex AI's: publisher and model, and a method of Google's.
    Vertex,
}

impl Routes {
    /// The conversations of Vertex AI: Gemini's, or Claude's in Messages.
    pub(super) fn vertex(base: &str, dialect: Dialect) -> Self {
        Self {
            base: base.into(),
            platform: Platform::Vertex,
            dialect,
            fixed: Box::default(),
        }
    }

    pub(super) fn new(base: &str, dialect: Dialect) -> Result<Self, ProviderError> {
        let operations = [Operation::Chat, Operation::CountTokens]
            .into_iter()
            .chain(PassOperation::ALL.map(Operation::Pass));
        let mut fixed = Vec::new();
        for operation in operations {
            let Some(path) = operation.path(dialect) else {
                continue;
            };
            let uri = format!("{base}{path}").parse().map_err(|_| {
                ProviderError::BaseUrl(format!("`{base}` cannot be extended by `{path}`"))
            })?;
            fixed.push((operation, uri));
        }
        Ok(Self {
            base: base.into(),
            platform: Platform::Own,
            dialect,
            fixed: fixed.into_boxed_slice(),
        })
    }

    /// The URL of a path behind the base.
    pub(super) fn at(&self, path: &str) -> Option<Uri> {
        format!("{}{path}", self.base).parse().ok()
    }

    /// The URL of an operation; `None` where the provider does not have it.
    ///
    /// `model` has been checked to be fit for a path.
    pub(super) fn uri(&self, operation: Operation, model: &str, stream: bool) -> Option<Uri> {
        if self.platform == Platform::Vertex {
            let path = vertex::path(self.dialect, operation, model, stream)?;
            return format!("{}{path}", self.base).parse().ok();
        }
        if self.dialect == Dialect::Gemini {
            let model = model.strip_prefix("models/").unwrap_or(model);
            let method = gemini_method(operation, stream)?;
            return format!("{}/models/{model}:{method}", self.base)
                .parse()
                .ok();
        }
        if self.dialect == Dialect::Converse {
            let method = converse_method(operation, stream)?;
            // One segment, whatever an ARN has in it: the signature covers the path as it is sent.
            let model = utf8_percent_encode(model, SEGMENT);
            return format!("{}/model/{model}/{method}", self.base).parse().ok();
        }
        self.fixed
            .iter()
            .find(|(have, _)| *have == operation)
            .map(|(_, uri)| uri.clone())
    }

    fn has(&self, operation: Operation) -> bool {
        // Conversations are translated, whatever the provider speaks.
        if operation == Operation::Chat {
            return true;
        }
        if self.dialect == Dialect::Gemini && self.platform == Platform::Own {
            return gemini_method(operation, false).is_some();
        }
        if self.dialect == Dialect::Converse {
            return converse_method(operation, false).is_some();
        }
        self.fixed.iter().any(|(have, _)| *have == operation)
    }
}

impl Inner {
    /// Whether a call in a dialect may pass as it is.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        let also = self.also.as_ref();
        self.dialect == dialect || also.is_some_and(|also| also.dialect == dialect)
    }

    /// The wire a call goes over: the client's own dialect where the provider speaks it.
    ///
    /// On Vertex AI every model has one wire, and the model's name says which.
    pub(super) fn wire(&self, dialect: Dialect, model: &str) -> &Routes {
        match &self.also {
            Some(also) if also.platform == Platform::Vertex => {
                if vertex::is_claude(model) {
                    also
                } else {
                    &self.routes
                }
            }
            Some(also) if also.dialect == dialect => also,
            _ => &self.routes,
        }
    }
}

/// What Bedrock's path ends in. Vectors have no operation of their own there: the model is invoked
/// in its maker's words.
const fn converse_method(operation: Operation, stream: bool) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "converse-stream",
        Operation::Chat => "converse",
        Operation::Pass(operation) if operation.is_embedding() => "invoke",
        Operation::CountTokens | Operation::Pass(_) => return None,
    })
}

/// What Gemini's path ends in.
const fn gemini_method(operation: Operation, stream: bool) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "streamGenerateContent?alt=sse",
        Operation::Chat => "generateContent",
        Operation::CountTokens => "countTokens",
        Operation::Pass(PassOperation::Embeddings) => "embedContent",
        Operation::Pass(PassOperation::BatchEmbeddings) => "batchEmbedContents",
        Operation::Pass(_) => return None,
    })
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

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &KeyPool {
        &self.inner.keys
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
        let provider = self.clone();
        ResponseFuture {
            inner: Box::pin(async move { exchange::run(&provider.inner, call).await }),
        }
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

/// What RFC 3986 leaves unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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
