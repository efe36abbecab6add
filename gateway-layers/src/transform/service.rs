use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError, Responder,
    service::{take_ready, unready},
};
use http::{Method, Request, Response, Uri, header, uri::PathAndQuery};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    ResponseFuture,
    content::{Side, Unedited, ask_for_plain, edit, is_encoded, says_json},
    layer::Shared,
    respond::Answering,
    template::Facts,
};

/// Middleware that edits requests and responses by rules.
///
/// See the [module docs](crate::transform) for an example.
#[derive(Clone, Debug)]
pub struct Transform<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Transform<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Transform<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: HttpBody<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<BoxError>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut request = request.map(Body::new);
        if request.method() == Method::CONNECT || request.headers().contains_key(header::UPGRADE) {
            return ResponseFuture::passing(self.inner.call(request), None);
        }
        // Taken before the head is edited; only rules for JSON can refuse.
        let responder = if self.shared.plan.reads_bodies() {
            Responder::of(&request)
        } else {
            Responder::default()
        };
        let answering = Answering::new(&self.shared, &responder, &request);
        edit_head(&self.shared, &mut request);
        let json = !self.shared.plan.request.json.is_empty()
            && says_json(request.headers())
            && !request.body().is_end_stream();
        if !json {
            return ResponseFuture::passing(self.inner.call(request), answering);
        }
        if is_encoded(request.headers()) {
            let error = GatewayError::new(ErrorKind::UnsupportedMediaType)
                .detail("a JSON body must not be encoded here")
                .layer("transform");
            return ResponseFuture::answered(responder.refuse(error));
        }
        let inner = take_ready(&mut self.inner);
        let shared = Arc::clone(&self.shared);
        ResponseFuture::boxed(send_edited(inner, shared, request, responder, answering))
    }
}

/// Reads and edits the body, then asks the inner service. What it was made ready with is given back
/// while the body arrives: a slow client must not hold a place inside.
async fn send_edited<S, ResBody>(
    inner: S,
    shared: Arc<Shared>,
    request: Request<Body>,
    responder: Responder,
    answering: Option<Answering>,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    let mut later = unready(&inner);
    drop(inner);
    let (mut parts, body) = request.into_parts();
    let ops = &shared.plan.request.json;
    let body = match edit(
        Side::Request,
        &mut parts.headers,
        body,
        ops,
        shared.max_body,
    )
    .await
    {
        Ok(body) => body,
        Err(Unedited::Failed(error)) => return Ok(responder.refuse(error)),
        Err(Unedited::Unreadable(_)) => {
            let error = GatewayError::new(ErrorKind::InvalidBody)
                .detail("the body is not the JSON it says it is")
                .layer("transform");
            return Ok(responder.refuse(error));
        }
    };
    poll_fn(|cx| later.poll_ready(cx)).await?;
    let response = later.call(Request::from_parts(parts, body)).await?;
    let response = response.map(Body::new);
    Ok(match answering {
        Some(answering) => answering.finish(response).await,
        None => response,
    })
}

fn edit_head(shared: &Shared, request: &mut Request<Body>) {
    let plan = &shared.plan.request;
    let facts = Facts::needed(plan.needs_facts, request.extensions());
    if !plan.path.is_empty() || !plan.query.is_empty() {
        let path = plan.path.apply(request.uri().path(), &facts);
        let query = request.uri().query();
        let query = plan.query.apply(query, &facts, request.headers());
        let target = match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Some(uri) = with_target(request.uri(), &target) {
            *request.uri_mut() = uri;
        }
    }
    plan.headers.apply(request.headers_mut(), &facts);
    if !shared.plan.response.json.is_empty() {
        ask_for_plain(request.headers_mut());
    }
}

fn with_target(uri: &Uri, target: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}
