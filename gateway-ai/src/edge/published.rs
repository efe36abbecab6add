//! A prompt as a plain REST endpoint.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, BoxError, ErrorFormat, ErrorKind, GatewayError, Responder, Response};
use http::{HeaderValue, header, request::Parts};
use http_body::Body as HttpBody;
use serde_json::{Map, Value, json};
use tower_service::Service;

use super::{
    answer, cost, fold,
    head::Head,
    refuse,
    shared::{Shared, ask, refused},
    translate::{Print, TranslateBody},
};
use crate::{
    call::{AiCall, AiReply, ReplyBody, ReplyParts},
    canonical::{Block, Delta, Event, Reply, Request, unfold},
    error::AiError,
    loss::Losses,
    prompt::{Prompt, PromptError},
};

/// Has a prompt answered with the variables in the request's body.
pub(super) async fn serve<S, B>(
    shared: Arc<Shared>,
    mut inner: S,
    prompt: Arc<Prompt>,
    asked: http::Request<B>,
) -> Response
where
    S: Service<AiCall, Response = AiReply, Error = AiError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let responder = &Responder::of(&asked).with_format(ErrorFormat::Problem);
    let (mut parts, body) = asked.into_parts();
    let request = match request(&shared, &prompt, &parts, body).await {
        Ok(request) => request,
        Err(error) => return refused(responder, &parts, error),
    };
    let call = AiCall::from_request(request);
    let call = match shared.prepare(call, &mut parts) {
        Ok(call) => call,
        Err(error) => return responder.refuse(refuse::problem(&error)),
    };
    match ask(&mut inner, &call).await {
        Ok(reply) => text(responder, &call, reply).await,
        Err(error) => refuse::published(responder, &call, &error),
    }
}

async fn request<B>(
    shared: &Shared,
    prompt: &Arc<Prompt>,
    parts: &Parts,
    body: B,
) -> Result<Request, GatewayError>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let prompt = version(shared, prompt, parts.uri.query())?;
    let bytes = shared.read(parts, body).await?;
    let values: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| {
        GatewayError::new(ErrorKind::InvalidBody).detail(format!(
            "the body must be a JSON object of variables: {error}"
        ))
    })?;
    let mut request = prompt.render(values).map_err(|error| match error {
        PromptError::Variable { name, message } => GatewayError::new(ErrorKind::InvalidVariable)
            .detail(format!("`{name}` {message}"))
            .param(name),
        // The template is the operator's and so is its fault – unless it ran out of fuel, which
        // takes values of a size nobody thought of.
        error => GatewayError::new(ErrorKind::InvalidVariable)
            .detail("the prompt cannot be rendered with these variables")
            .source(error),
    })?;
    let accept = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        request.stream.stream = Some(true);
    }
    Ok(request)
}

fn version(
    shared: &Shared,
    prompt: &Arc<Prompt>,
    query: Option<&str>,
) -> Result<Arc<Prompt>, GatewayError> {
    let wanted = query.and_then(|query| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("version="))
    });
    let Some(wanted) = wanted else {
        return Ok(Arc::clone(prompt));
    };
    wanted
        .parse()
        .ok()
        .and_then(|number| shared.prompts.sibling(prompt, number))
        .ok_or_else(|| {
            GatewayError::new(ErrorKind::InvalidParameter)
                .detail("the prompt has no such version")
                .param("version")
        })
}

/// The answer's text, whole or as it comes.
async fn text(responder: &Responder, call: &AiCall, mut reply: AiReply) -> Response {
    let head = Head::of(&mut reply.parts);
    if let Some(refusal) = reply.refusal() {
        return refuse::published(responder, call, refusal);
    }
    let ReplyParts {
        dialect,
        body,
        restore,
        mut settle,
        ..
    } = *reply.parts;
    settle.arm();
    let whole = match body {
        ReplyBody::Stream(stream) if call.is_stream() => {
            let body = TranslateBody::new(*stream, restore, TextPrinter::default(), settle);
            let mut response = Response::new(Body::new(body));
            answer::stream_headers(&mut response, call.dialect());
            head.write(call, Losses::new(), &mut response);
            return response;
        }
        ReplyBody::Stream(stream) => match fold::whole(dialect, *stream, &mut settle).await {
            Ok(mut whole) => {
                restore.reply(&mut whole);
                whole
            }
            Err(error) => return refuse::published(responder, call, &error),
        },
        ReplyBody::Whole(whole) => match whole.into_reply(dialect) {
            Ok(reply) => reply,
            Err(error) => return refuse::published(responder, call, &error),
        },
        ReplyBody::Opaque(_) => return responder.refuse(ErrorKind::UpstreamInvalid),
    };
    let usage = settle.finish_counted();
    let mut response = if call.is_stream() {
        streamed(call, whole)
    } else {
        plain(&whole)
    };
    if let Some(usage) = usage {
        cost::head(&usage, &mut response);
        response.extensions_mut().insert(usage);
    }
    head.write(call, Losses::new(), &mut response);
    response
}

fn plain(reply: &Reply) -> Response {
    let mut text = String::new();
    for block in reply
        .choices
        .first()
        .map_or(&[][..], |choice| &choice.content)
    {
        match block {
            Block::Text(block) => text.push_str(&block.text),
            Block::Refusal(block) => text.push_str(&block.text),
            _ => {}
        }
    }
    let mut response = Response::new(Body::from(json!({ "text": text }).to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn streamed(call: &AiCall, reply: Reply) -> Response {
    let (mut printer, mut out) = (TextPrinter::default(), BytesMut::new());
    for event in unfold(reply) {
        printer.push(&event, &mut out);
    }
    let mut response = Response::new(Body::from(out.freeze()));
    answer::stream_headers(&mut response, call.dialect());
    response
}

/// Prints text deltas as server-sent events: each its own event, an `event: done` at the end, an
/// `event: error` with a problem document in its place. A stream that ends in neither broke off.
#[derive(Default)]
struct TextPrinter {
    over: bool,
}

impl Print for TextPrinter {
    fn losses(&self) -> Option<&Losses> {
        None
    }

    fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            Event::Delta {
                choice: 0,
                delta: Delta::Text(text) | Delta::Refusal(text),
                ..
            } => {
                data(text, out);
            }
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(error) => {
                self.over = true;
                let problem = json!({
                    "title": "Upstream failed",
                    "status": error.client_status().as_u16(),
                    "code": "upstream_error",
                    "detail": error.client_message(),
                });
                out.extend_from_slice(b"event: error\n");
                data(&problem.to_string(), out);
            }
            Event::End => {
                self.over = true;
                out.extend_from_slice(b"event: done\ndata:\n\n");
            }
            _ => {}
        }
    }
}

/// A line end inside the text would end the field: every line is a `data` field of its own, which
/// the receiver joins again.
fn data(text: &str, out: &mut BytesMut) {
    for line in text.split('\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.replace('\r', "").as_bytes());
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive() {
        let mut out = BytesMut::new();
        data(" a\nb\r\n", &mut out);
        assert_eq!(&out[..], b"data:  a\ndata: b\ndata: \n\n");
    }
}
