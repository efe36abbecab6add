use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{BoxError, Response};
use gateway_layers::proxy::Tunnels;
use http::Request;
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    ResponseFuture, StreamCost,
    memory::{AiState, Memory},
    shared::Shared,
    socket,
};
use crate::{
    call::{AiCall, AiReply},
    clients::Profiles,
    error::AiError,
    fallback::Failover,
    guardian::Guardian,
    keeper::Keeper,
    models::Catalog,
    providers::Providers,
};

/// The AI gateway as an HTTP service.
///
/// See the [module docs](crate::edge) for an example.
pub struct AiService<S = Failover<Providers>> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> AiService<S> {
    /// Puts `inner`, which answers calls, behind the paths of the AI APIs. `catalog` says which
    /// models there are.
    pub fn new(inner: S, catalog: Catalog) -> Self {
        let shared = Shared {
            catalog,
            memory: Arc::new(Memory::new()),
            keeper: Some(Keeper::default()),
            profiles: Profiles::default(),
            files: Arc::default(),
            guardian: Some(Guardian::default()),
            request_limit: REQUEST_LIMIT,
            strict: false,
            stream_cost: StreamCost::default(),
            sockets: Tunnels::new(),
            socket_limits: socket::Limits::default(),
            #[cfg(feature = "prompt")]
            prompts: crate::prompt::Prompts::default(),
            #[cfg(feature = "prompt")]
            decorator: crate::prompt::Decorator::default(),
        };
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }

    /// The largest body of a request. Defaults to 4 MiB; more is a 413.
    #[must_use]
    pub fn request_limit(self, bytes: usize) -> Self {
        self.edit(|shared| shared.request_limit = bytes)
    }

    /// Who keeps files and batches: of these providers the first that speaks OpenAI's API, and the
    /// first that speaks Anthropic's. Defaults to nobody, and the paths answer 404: what is in a
    /// batch is not metered, and nobody should find that out by accident.
    #[must_use]
    pub fn files<N: Into<Arc<str>>>(self, providers: impl IntoIterator<Item = N>) -> Self {
        let names = providers.into_iter().map(Into::into).collect();
        self.edit(|shared| shared.files = names)
    }

    /// Refuses what cannot be translated without loss. Defaults to `false`: losses are named in
    /// `x-gateway-lossy`.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        self.edit(|shared| shared.strict = strict)
    }

    /// Which streams say what they cost. Defaults to [`StreamCost::Translated`].
    #[must_use]
    pub fn stream_cost(self, costs: StreamCost) -> Self {
        self.edit(|shared| shared.stream_cost = costs)
    }

    /// Where proofs of reasoning are kept for clients that drop them; `None` keeps none. Defaults to
    /// a [`Keeper`] of this service's own.
    #[must_use]
    pub fn keeper(self, keeper: impl Into<Option<Keeper>>) -> Self {
        self.edit(|shared| shared.keeper = keeper.into())
    }

    /// What sends the turns of a conversation to one account; `None` takes all accounts by turns.
    /// Defaults to a [`Guardian`] of this service's own.
    #[must_use]
    pub fn guardian(self, guardian: impl Into<Option<Guardian>>) -> Self {
        self.edit(|shared| shared.guardian = guardian.into())
    }

    /// What is known of clients. Defaults to [`Profiles::default`].
    #[must_use]
    pub fn profiles(self, profiles: Profiles) -> Self {
        self.edit(|shared| shared.profiles = profiles)
    }

    /// What counts the WebSockets of clients, and ends all of them. Defaults to [`Tunnels::new`].
    #[must_use]
    pub fn sockets(self, sockets: Tunnels) -> Self {
        self.edit(|shared| shared.sockets = sockets)
    }

    /// How long a WebSocket may be silent in both directions. Defaults to ten minutes.
    #[must_use]
    pub fn socket_idle(self, idle: Duration) -> Self {
        self.edit(|shared| shared.socket_limits.idle = idle)
    }

    /// How long a WebSocket may be open. Defaults to an hour, which is what OpenAI allows one.
    #[must_use]
    pub fn socket_total(self, total: Duration) -> Self {
        self.edit(|shared| shared.socket_limits.total = total)
    }

    /// What was learnt from the answers so far.
    #[must_use]
    pub fn state(&self) -> AiState {
        AiState {
            memory: Arc::clone(&self.shared.memory),
            keeper: self.shared.keeper.clone(),
            guardian: self.shared.guardian.clone(),
        }
    }

    /// Goes on with what another service has learnt, within the bounds set for this one.
    #[must_use]
    pub fn inherit(self, earlier: &AiState) -> Self {
        self.edit(|shared| {
            shared.memory = Arc::clone(&earlier.memory);
            if let (Some(keeper), Some(earlier)) = (&mut shared.keeper, &earlier.keeper) {
                *keeper = keeper.clone().inherit(earlier);
            }
            if let (Some(guardian), Some(earlier)) = (&mut shared.guardian, &earlier.guardian) {
                *guardian = guardian.clone().inherit(earlier);
            }
        })
    }

    /// Publishes prompts as endpoints of their own.
    #[cfg(feature = "prompt")]
    #[must_use]
    pub fn prompts(self, prompts: crate::prompt::Prompts) -> Self {
        self.edit(|shared| shared.prompts = prompts)
    }

    /// Puts text around every conversation.
    #[cfg(feature = "prompt")]
    #[must_use]
    pub fn decorator(self, decorator: crate::prompt::Decorator) -> Self {
        self.edit(|shared| shared.decorator = decorator)
    }

    /// The models there are.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.shared.catalog
    }

    /// Where prompts are published: method and path of each.
    #[cfg(feature = "prompt")]
    pub fn published(&self) -> impl Iterator<Item = (&http::Method, &str)> {
        self.shared.prompts.published()
    }
}

impl<S, B> Service<Request<B>> for AiService<S>
where
    S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Always ready: what is inside is polled when a request has turned out to be a call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let (inner, shared) = (self.inner.clone(), Arc::clone(&self.shared));
        ResponseFuture {
            inner: shared.serve(inner, request),
        }
    }
}

// Not derived: cloning shares the catalogue.
impl<S: Clone> Clone for AiService<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for AiService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

const REQUEST_LIMIT: usize = 4 * 1024 * 1024;
