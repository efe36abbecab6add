//! One call of a provider: request out, answer in, another key where the first was refused.

use std::{mem, sync::Arc, time::Duration};

use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError, Request, Response, error::cause_ref, turn,
};
use http::{HeaderValue, Method, Uri, header};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    KeyFault, ResponseFuture, exotic, headers,
    payload::Payload,
    provider::Inner,
    receive::{self, Context},
    routes::{Platform, Routes},
};
use crate::{
    auth::Authorizer,
    call::{AiCall, AiReply},
    dialect::Dialect,
    error::{AiError, AiErrorKind, Origin},
    guardian::Turn,
    keeper,
    models::{Target, is_valid_model},
};

pub(super) fn run(provider: Arc<Inner>, mut call: AiCall) -> ResponseFuture {
    ResponseFuture {
        // A block that lends what it holds: a function would hold its arguments beside it.
        inner: Box::pin(async move { exchange(&provider, &mut call).await }),
    }
}

async fn exchange(provider: &Inner, call: &mut AiCall) -> Result<AiReply, AiError> {
    let model = call.target().map_or("", Target::model);
    let wire = provider.wire(call.dialect(), model);
    let dialect = wire.dialect;
    // What the client sent says which conversation it is: asked before anything is put into it.
    let mut turn = Turn::of(call, provider.keys.len()).map(Box::new);
    keeper::restore(call, (&provider.name, dialect))?;
    let call = &*call;
    let (target, uri) = destination(provider, wire, call)?;
    let mut tried: SmallVec<[usize; 4]> = SmallVec::new();
    loop {
        let payload = Payload::new(call, wire, &provider.quirks, target.model())?;
        let since = turn::now();
        let mut context = Context {
            call,
            target,
            provider,
            wire,
            sent: payload,
            since,
        };
        let (index, key) = pick(provider, turn.as_deref(), &tried, since).unzip();
        let body = mem::take(&mut context.sent.body);
        let request = request(provider, call, (&uri, wire), body, key);
        let (request, proof) = match &provider.authorizer {
            // Apart, as all that is rare.
            Some(authorizer) => Box::pin(prove(authorizer, request)).await?,
            None => (request, None),
        };
        let sent = provider.client.send(request).await;
        // Looked at where it lies, and not held once more.
        let mut answer = match &mut sent.map(Response::into_parts) {
            Ok((head, body)) => receive::answer(head, mem::take(body), &mut context).await,
            Err(error) => Err(unreachable(error)),
        };
        let Some(index) = index else {
            disown(provider, &answer, proof.as_ref());
            watch(provider, &mut answer, turn.as_deref_mut(), None);
            return answer;
        };
        let error = answer.as_ref().map_or_else(Some, AiReply::refusal);
        let Some((error, fault)) = error.and_then(|error| Some((error, fault(error)?))) else {
            if answer.is_ok() {
                provider.keys.accepted(index);
                watch(provider, &mut answer, turn.as_deref_mut(), Some(index));
            }
            return answer;
        };
        tried.push(index);
        let another = rest(provider, (index, fault, error.retry_after()), &tried);
        if call.is_spent() || !another {
            return answer;
        }
        tracing::debug!(
            provider = &*provider.name,
            ?fault,
            "key refused, taking the next one"
        );
    }
}

/// Has a refused key rest; whether another one is left.
fn rest(
    provider: &Inner,
    (index, fault, after): (usize, KeyFault, Option<Duration>),
    tried: &[usize],
) -> bool {
    let now = Instant::now();
    provider.keys.refused(index, fault, after, now);
    provider.keys.has_fresh(tried, now)
}

/// Has the account's credentials say who calls; the request, and what they said.
async fn prove(
    authorizer: &Authorizer,
    mut request: Request,
) -> Result<(Request, Option<HeaderValue>), AiError> {
    authorizer.authorize(&mut request).await?;
    let proof = request.headers().get(header::AUTHORIZATION).cloned();
    Ok((request, proof))
}

/// The key a turn is made with: its conversation's own, or the one whose turn it is.
fn pick(
    provider: &Inner,
    turn: Option<&Turn>,
    tried: &[usize],
    now: Instant,
) -> Option<(usize, HeaderValue)> {
    match turn {
        Some(turn) => {
            let near = turn.near(&provider.name);
            provider.keys.pick_near(near, tried, now)
        }
        None => provider.keys.pick(tried, now),
    }
}

/// Has the guardian told what the account that took the turn counts.
fn watch(
    provider: &Inner,
    answer: &mut Result<AiReply, AiError>,
    turn: Option<&mut Turn>,
    key: Option<usize>,
) {
    if let (Ok(reply), Some(turn)) = (answer, turn) {
        let mark = key.map_or(0, |key| provider.keys.mark(key));
        reply.parts.settle.watch(turn.taken(&provider.name, mark));
    }
}

/// Tells the account's credentials that the provider did not believe them.
fn disown(provider: &Inner, answer: &Result<AiReply, AiError>, proof: Option<&HeaderValue>) {
    if let (Some(authorizer), Err(error)) = (&provider.authorizer, answer)
        && error.kind() == AiErrorKind::Authentication
    {
        authorizer.refused(proof);
    }
}

/// Which model is asked, and where.
fn destination<'a>(
    provider: &Inner,
    wire: &Routes,
    call: &'a AiCall,
) -> Result<(&'a Target, Arc<Uri>), AiError> {
    let target = call
        .target()
        .filter(|target| is_valid_model(target.model()))
        .ok_or_else(|| {
            AiError::new(
                AiErrorKind::Server,
                "the call was not given a usable target",
            )
        })?;
    let operation = exotic::operation(call, wire.dialect);
    let uri = wire.uri(operation, target.model(), call.is_stream());
    let uri = uri.ok_or_else(|| {
        let message = format!("`{}` does not offer this operation", provider.name);
        AiError::new(AiErrorKind::Unsupported, message)
    })?;
    Ok((target, uri))
}

fn request(
    provider: &Inner,
    call: &AiCall,
    (uri, wire): (&Uri, &Routes),
    body: Body,
    key: Option<HeaderValue>,
) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let out = request.headers_mut();
    let dialect = wire.dialect;
    // What follows, and what the transport adds: a map that grows hashes all names again.
    let particular = provider.extra.len() + provider.forward.len();
    out.reserve(HEADERS + usize::from(dialect == Dialect::Messages) + particular);
    // Bedrock has the headers of Messages in the body.
    let own = wire.platform != Platform::Invoke;
    let same = (own && call.dialect() == dialect).then_some(dialect);
    headers::forward(call.headers(), same, &provider.forward, out);
    if own {
        headers::dialect(dialect, out);
    }
    for (name, value) in &provider.extra {
        out.insert(name.clone(), value.clone());
    }
    let accept = match wire.platform {
        _ if !call.is_stream() => "application/json",
        Platform::Invoke => Dialect::Converse.stream_content_type(),
        _ => dialect.stream_content_type(),
    };
    out.insert(header::ACCEPT, HeaderValue::from_static(accept));
    // A form's type names its boundary.
    let form = call
        .form()
        .and_then(|_| call.headers().get(header::CONTENT_TYPE))
        .cloned();
    let media = form.unwrap_or_else(|| HeaderValue::from_static("application/json"));
    out.insert(header::CONTENT_TYPE, media);
    out.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(key) = key {
        out.insert(provider.key_header.clone(), key);
    }
    request
}

/// What a failed send means. The client's own words stay in the log: they name addresses.
pub(super) fn unreachable(error: &BoxError) -> AiError {
    let kind = cause_ref::<GatewayError>(&**error)
        .map(GatewayError::kind)
        .or_else(|| Some(cause_ref::<gateway_layers::transport::Error>(&**error)?.kind()));
    tracing::debug!(%error, "provider cannot be reached");
    match kind {
        // Not the provider's fault: what the client sends has turned out to be wrong.
        Some(ErrorKind::InvalidParameter) => AiError::invalid("the upload is not a valid form"),
        Some(ErrorKind::UpstreamTimeout | ErrorKind::DeadlineExceeded) => {
            AiError::upstream(AiErrorKind::Timeout, "the provider did not answer in time")
        }
        _ => AiError::upstream(AiErrorKind::Connect, "the provider cannot be reached"),
    }
}

/// Whether an error is about the key it was called with.
pub(super) fn fault(error: &AiError) -> Option<KeyFault> {
    if error.origin() != Origin::Upstream {
        return None;
    }
    match error.kind() {
        AiErrorKind::RateLimited => Some(KeyFault::RateLimited),
        AiErrorKind::QuotaExhausted => Some(KeyFault::Exhausted),
        AiErrorKind::Authentication => Some(KeyFault::Dead),
        _ => None,
    }
}

/// What all requests have: `accept`, `content-type`, `user-agent`, a key, `host`, `content-length`.
const HEADERS: usize = 6;
pub(super) const USER_AGENT: &str = concat!("gateway/", env!("CARGO_PKG_VERSION"));
