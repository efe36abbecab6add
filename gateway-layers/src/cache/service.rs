use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Deadline, Outcome, service::take_ready};
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    Answer, ResponseFuture,
    admit::{Admission, Consulted},
    ask::{Ask, drain},
    flight::Part,
    refresh::Refreshes,
    state::State,
};

/// Middleware that answers from stored responses what RFC 9111 lets a shared cache answer.
///
/// See the [module docs](crate::cache) for an example.
#[derive(Clone, Debug)]
pub struct Cache<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// Owned by the layer and its services alone: when the last of them goes, the refreshes go too.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Arc<State>,
    pub(super) refreshes: Refreshes,
}

impl<S> Cache<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Cache<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: HttpBody + Send + 'static,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let state = &self.shared.state;
        let consulted = match state.admit(&request) {
            Admission::Tunnel => {
                return ResponseFuture::passing(self.inner.call(request), None);
            }
            Admission::Pass(note) => {
                return ResponseFuture::passing(self.inner.call(request), Some(note));
            }
            Admission::Lookup(key) => match state.store.get(&key) {
                Answer::Now(variants) => state.consult(&request, &key, variants.as_deref()),
                Answer::Later(variants) => {
                    let (key, shared) = (key.to_owned(), Arc::clone(&self.shared));
                    let inner = take_ready(&mut self.inner);
                    return ResponseFuture::asking(async move {
                        let variants = variants.await;
                        let state = &shared.state;
                        match state.consult(&request, &key.borrowed(), variants.as_deref()) {
                            Consulted::Answer(response) => Ok(response),
                            Consulted::Refresh(response, ask) => {
                                refresh(&shared, inner, request, *ask);
                                Ok(response)
                            }
                            Consulted::Ask(ask) => ask.run(inner, request).await,
                        }
                    });
                }
            },
        };
        match consulted {
            Consulted::Answer(response) => ResponseFuture::answered(response),
            Consulted::Refresh(response, ask) => {
                let inner = take_ready(&mut self.inner);
                refresh(&self.shared, inner, request, *ask);
                ResponseFuture::answered(response)
            }
            Consulted::Ask(ask) => {
                let inner = take_ready(&mut self.inner);
                ResponseFuture::asking(ask.run(inner, request))
            }
        }
    }
}

/// Refreshes behind an answer, unless somebody does already or too many are refreshed at once.
fn refresh<S, ReqBody, ResBody>(shared: &Shared, inner: S, mut request: Request<ReqBody>, ask: Ask)
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: Send + 'static,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    if !shared.refreshes.has_room() {
        return;
    }
    let Part::Lead(lead) = shared.state.flights.join(&ask.key) else {
        return;
    };
    // The client has its answer: its clock and its log record are not those of the refresh.
    *request.method_mut() = Method::GET;
    request.extensions_mut().remove::<Outcome>();
    request.extensions_mut().remove::<Deadline>();
    shared.refreshes.start(async move {
        if let Ok(response) = ask.fetch(inner, request, Some(lead)).await {
            drain(response.into_body()).await;
        }
    });
}
