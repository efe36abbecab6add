//! What all clones of the service share, and what happens to a request.

use std::{future::Future, mem, pin::Pin, sync::Arc};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorFormat, ErrorKind, GatewayError, Outcome, Responder, Response,
    body::CollectError, error::cause_ref, turn,
};
use gateway_layers::proxy::{Tunnels, WebSocket};
use http::{Extensions, HeaderValue, Request, header, request::Parts};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    StreamCost,
    answer::{self, Answer},
    array,
    entry::{Entry, read_call, wants_array},
    estimate, head,
    ingress::{self, Ingress},
    list,
    memory::{self, Memory},
    refuse, socket, timeout,
};
use crate::{
    body::whole,
    call::{AiCall, AiReply, Operation},
    clients::Profiles,
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    guardian::Guardian,
    keeper::{Held, Keeper},
    models::Catalog,
};

#[derive(Clone)]
pub(super) struct Shared {
    pub(super) catalog: Catalog,
    pub(super) memory: Arc<Memory>,
    pub(super) keeper: Option<Keeper>,
    pub(super) profiles: Profiles,
    /// Providers that keep files and batches, each for clients of its own API.
    pub(super) files: Arc<[Arc<str>]>,
    pub(super) guardian: Option<Guardian>,
    pub(super) request_limit: usize,
    pub(super) strict: bool,
    pub(super) stream_cost: StreamCost,
    pub(super) sockets: Tunnels,
    pub(super) socket_limits: socket::Limits,
    #[cfg(feature = "prompt")]
    pub(super) prompts: crate::prompt::Prompts,
    #[cfg(feature = "prompt")]
    pub(super) decorator: crate::prompt::Decorator,
}

impl Shared {
    /// Has a request answered. Each sort of them has a future of its own: the largest would be moved,
    /// and have room made for it, with all.
    pub(super) fn serve<S, B>(
        self: Arc<Self>,
        inner: S,
        request: Request<B>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>>
    where
        S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        #[cfg(feature = "prompt")]
        if let Some(prompt) = self.prompts.at(request.method(), request.uri().path()) {
            return Box::pin(super::published::serve(self, inner, prompt, request));
        }
        let entry = match ingress::of(request.method(), request.uri().path()) {
            Ingress::Call(dialect, operation) => Entry::plain(dialect, operation),
            Ingress::Gemini {
                operation,
                model,
                stream,
            } => Entry::named(Dialect::Gemini, operation, model, stream),
            Ingress::Converse { model, stream } => {
                Entry::named(Dialect::Converse, Operation::Chat, model, stream)
            }
            _ => return Box::pin(self.other(inner, request)),
        };
        let as_array = wants_array(&entry, request.uri().query());
        let (mut parts, body) = request.into_parts();
        Box::pin(async move {
            let response = self.chat(inner, entry, &mut parts, body).await;
            if as_array {
                array::respond(response)
            } else {
                response
            }
        })
    }

    /// Answers what is asked for beside calls.
    async fn other<S, B>(self: Arc<Self>, inner: S, request: Request<B>) -> Response
    where
        S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut responder = Responder::of(&request);
        if request.extensions().get::<ErrorFormat>().is_none()
            && let Some(format) = ingress::error_format(request.uri().path(), request.headers())
        {
            responder = responder.with_format(format);
        }
        let (parts, body) = request.into_parts();
        match ingress::of(&parts.method, parts.uri.path()) {
            Ingress::Stored(stored) => self.stored(&responder, stored, &parts, body).await,
            Ingress::Files(path) => self.files(&responder, path, &parts, body).await,
            Ingress::Socket if WebSocket::is_asked(&parts.method, &parts.headers) => {
                socket::serve(&self, inner, responder, parts)
            }
            Ingress::Realtime => {
                socket::relay(&self, responder.with_format(ErrorFormat::OpenAi), parts).await
            }
            Ingress::Socket => wrong_method(&responder, "POST"),
            Ingress::Models(one) => self.list(&responder, &parts, one),
            Ingress::WrongMethod(allow) => wrong_method(&responder, allow),
            _ => responder.refuse(GatewayError::new(ErrorKind::NoRoute).detail("no such API path")),
        }
    }

    /// What counts and ends WebSockets. What is silent ends with a reason before it is cut off.
    pub(super) fn tunnels(&self) -> Tunnels {
        let idle = self.socket_limits.idle.saturating_mul(2);
        self.sockets.clone().idle_timeout(idle)
    }

    fn list(&self, responder: &Responder, parts: &Parts, one: Option<&str>) -> Response {
        let (identity, format) = (parts.extensions.get(), responder.format());
        list::models(&self.catalog, identity, one, format, &parts.method)
            .unwrap_or_else(|| responder.refuse(ErrorKind::ModelNotFound))
    }

    pub(super) async fn chat<S, B>(
        &self,
        mut inner: S,
        entry: Entry,
        parts: &mut Parts,
        body: B,
    ) -> Response
    where
        S: Service<AiCall, Response = AiReply, Error = AiError>,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (dialect, operation) = (entry.dialect, entry.operation);
        let call = match entry.form(parts) {
            // Apart, as all that is rare.
            Some(media) => Box::pin(self.form(media, body))
                .await
                .map(|form| form.map(|form| AiCall::from_form(operation, form))),
            None => self
                .read(parts, body)
                .await
                .map(|bytes| read_call(entry, bytes)),
        };
        let call = match call {
            Ok(call) => call,
            Err(error) => return refused(&responder(dialect, &parts.extensions), parts, error),
        };
        let call = match call.and_then(|call| self.prepare(call, parts)) {
            Ok(call) => call,
            Err(error) => {
                let responder = responder(dialect, &parts.extensions);
                return refuse::request(&responder, dialect, &error);
            }
        };
        if operation.counts_tokens() && self.must_estimate(&call) {
            return estimated(&call);
        }
        match ask(&mut inner, &call).await {
            Ok(reply) => match answer::reply(&call, reply, self.stream_cost) {
                Answer::Ready(response) => response,
                Answer::Folding(response) => response.await,
            },
            Err(error) => refuse::call(&call, &error),
        }
    }

    /// Attaches what is known about the request, whose head is taken, and what the route adds to every
    /// conversation.
    ///
    /// # Errors
    ///
    /// What the client is to be told; the head stays where it is.
    pub(super) fn prepare(&self, call: AiCall, parts: &mut Parts) -> Result<AiCall, AiError> {
        let Parts {
            headers,
            extensions,
            ..
        } = parts;
        timeout::shorten(headers, extensions, turn::now)?;
        memory::attach(&self.memory, &call, extensions)?;
        let profile = self.profiles.of(headers, call.dialect());
        let client = profile.client().as_str();
        Outcome::record(extensions, |record| record.client = Some(client));
        let held = Held::new((self.keeper.as_ref(), self.guardian.as_ref()), profile);
        #[cfg_attr(
            not(feature = "prompt"),
            expect(unused_mut, reason = "edited by decorators")
        )]
        let mut call = call.with_held(held).with_strict(self.strict);
        #[cfg(feature = "prompt")]
        if call.operation() == Operation::Chat && !self.decorator.is_empty() {
            call.edit(|request| self.decorator.apply(request))?;
        }
        Ok(call.with_head(mem::take(headers), mem::take(extensions)))
    }

    pub(super) async fn read<B>(&self, parts: &Parts, body: B) -> Result<Bytes, GatewayError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let coding = parts.headers.get(header::CONTENT_ENCODING);
        if coding.is_some_and(|coding| coding != "identity") {
            return Err(GatewayError::new(ErrorKind::UnsupportedMediaType)
                .detail("compressed request bodies are not accepted"));
        }
        match whole(Body::new(body), self.request_limit).await {
            Ok(bytes) => Ok(bytes),
            Err(CollectError::TooLarge { limit }) => {
                Err(GatewayError::new(ErrorKind::BodyTooLarge)
                    .detail(format!("a request may have at most {limit} bytes")))
            }
            Err(CollectError::Body(error)) => Err(unreadable(error)),
            Err(error) => Err(GatewayError::new(ErrorKind::BadRequest).source(error)),
        }
    }

    /// Whether none of a model's providers can count its tokens.
    fn must_estimate(&self, call: &AiCall) -> bool {
        matches!(self.catalog.plan(call), Err(error) if error.kind() == AiErrorKind::Unsupported)
    }
}

/// A body that cannot be read. A layer that cut it off – a deadline, a limit – says so with its own
/// type.
pub(super) fn unreadable(error: BoxError) -> GatewayError {
    match cause_ref::<GatewayError>(&*error) {
        Some(cause) => cause.clone(),
        None => GatewayError::new(ErrorKind::BadRequest)
            .detail("the request body could not be read")
            .source(error),
    }
}

/// Calls a service that was not polled ready yet.
pub(super) async fn ask<S>(inner: &mut S, call: &AiCall) -> Result<AiReply, AiError>
where
    S: Service<AiCall, Response = AiReply, Error = AiError>,
{
    std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
    inner.call(call.clone()).await
}

/// What refuses calls of a dialect: made when one is, which is seldom.
pub(super) fn responder(dialect: Dialect, extensions: &Extensions) -> Responder {
    Responder::in_format(ingress::format_of(dialect), extensions)
}

pub(super) fn refused(responder: &Responder, parts: &Parts, error: GatewayError) -> Response {
    Outcome::record(&parts.extensions, |record| {
        record.error = Some(error.clone())
    });
    responder.refuse(error)
}

fn wrong_method(responder: &Responder, allow: &'static str) -> Response {
    let error = GatewayError::new(ErrorKind::MethodNotAllowed);
    responder.refuse(error.header(header::ALLOW, HeaderValue::from_static(allow)))
}

/// The count of a conversation whose provider cannot count, flagged as an estimate.
fn estimated(call: &AiCall) -> Response {
    let tokens = call.wire().map_or(0, |wire| estimate::tokens(wire.bytes()));
    let (object, field) = match call.dialect() {
        Dialect::Responses => (r#""object":"response.input_tokens","#, "input_tokens"),
        Dialect::Gemini => ("", "totalTokens"),
        _ => ("", "input_tokens"),
    };
    let mut response = Response::new(Body::from(format!(r#"{{{object}"{field}":{tokens}}}"#)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        head::LOSSY,
        HeaderValue::from_static("input_tokens.estimated"),
    );
    response
}
