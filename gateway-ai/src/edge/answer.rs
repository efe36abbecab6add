//! How an answer looks to the client.

use std::{future::Future, pin::Pin};

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, Response, body::GuardedBody};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    context,
    cost::{self, StreamCost},
    fold,
    head::Head,
    memory::Remember,
    pass::PassBody,
    refuse,
    translate::TranslateBody,
};
use crate::{
    call::{
        AiCall, AiReply, FailedAttempt, Operation, ReplyBody, ReplyParts, ReplyStream, Settle,
        Whole,
    },
    canonical::{Event, Reply, unfold},
    dialect::{Dialect, Restore},
    error::AiError,
    keeper::{Collector, Held},
    loss::Losses,
};

/// A response, or the promise of one where a stream is to be read to its end first.
pub(super) enum Answer {
    Ready(Response),
    Folding(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// Prints a reply for the client that made `call`.
pub(super) fn reply(call: &AiCall, mut reply: AiReply, costs: StreamCost) -> Answer {
    let head = Head::of(&mut reply.parts);
    let ReplyParts {
        dialect,
        status,
        headers,
        body,
        refusal,
        restore,
        verbatim,
        mut settle,
        provider,
        ..
    } = *reply.parts;
    settle.arm();
    // Only in its own dialect can an answer be asked for again.
    let remember: Option<&Remember> = match dialect {
        Dialect::Responses if refusal.is_none() => call.extensions().get(),
        _ => None,
    };
    if let (Some(remember), ReplyBody::Whole(whole)) = (remember, &body) {
        remember.note_object(whole.bytes(), &provider);
    }
    let streamed = call.is_stream() && call.operation() == Operation::Chat && refusal.is_none();
    let gather = Collector::of(call, dialect, &provider).filter(|_| refusal.is_none());
    let costs = costs.unless(!Held::profile(call).has_comments());
    let gathered = (call, gather);
    let printed = match body {
        ReplyBody::Opaque(body) => Ok(Printed::body(Body::new(GuardedBody::new(body, settle)))),
        ReplyBody::Whole(whole) if streamed => unfolded(gathered, dialect, whole, costs, settle),
        ReplyBody::Whole(whole) => {
            whole_reply(gathered, whole, verbatim || refusal.is_some(), settle)
        }
        ReplyBody::Stream(stream) if !streamed => {
            let (call, gather) = (call.clone(), gathered.1);
            return Answer::Folding(Box::pin(async move {
                let gathered = (&call, gather);
                let printed = folded(gathered, dialect, stream, &restore, settle).await;
                respond(head, &call, printed, (status, headers))
            }));
        }
        ReplyBody::Stream(stream) if verbatim => {
            let body = PassBody::new(dialect, *stream, costs.of_passed(dialect), settle);
            Ok(Printed::stream(Body::new(
                body.noted(remember.cloned(), provider),
            )))
        }
        ReplyBody::Stream(stream) => translated(gathered, *stream, restore, costs, settle),
    };
    let mut response = respond(head, call, printed, (status, headers));
    if let Some(refusal) = &refusal {
        refuse::passed(&mut response, refusal);
    }
    Answer::Ready(response)
}

/// The response with what was printed, or the refusal where nothing could be.
fn respond(
    head: Head,
    call: &AiCall,
    printed: Result<Printed, AiError>,
    (status, headers): (StatusCode, HeaderMap),
) -> Response {
    let printed = match printed {
        Ok(printed) => printed,
        Err(error) => {
            call.note_failure(FailedAttempt::new(head.target, &error));
            return refuse::call(call, &error);
        }
    };
    let (mut response, losses) = printed.into_response(status, headers, call.dialect());
    head.write(call, losses, &mut response);
    response
}

struct Printed {
    body: Body,
    losses: Losses,
    usage: Option<gateway_core::Usage>,
    stream: bool,
    /// Whether the bytes are the gateway's own rather than the provider's.
    printed: bool,
}

impl Printed {
    fn into_response(
        self,
        status: StatusCode,
        headers: HeaderMap,
        dialect: Dialect,
    ) -> (Response, Losses) {
        let mut response = Response::new(self.body);
        *response.status_mut() = status;
        // The provider's own headers, among them the media type, hold for the provider's own bytes.
        *response.headers_mut() = headers;
        if self.stream {
            stream_headers(&mut response, dialect);
        } else if self.printed {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        if let Some(usage) = self.usage {
            cost::head(&usage, &mut response);
            response.extensions_mut().insert(usage);
        }
        (response, self.losses)
    }

    fn body(body: Body) -> Self {
        Self {
            body,
            losses: Losses::new(),
            usage: None,
            stream: false,
            printed: false,
        }
    }

    fn stream(body: Body) -> Self {
        Self {
            body,
            losses: Losses::new(),
            usage: None,
            stream: true,
            printed: true,
        }
    }
}

/// A whole answer for a client that wants one.
fn whole_reply(
    (call, gather): (&AiCall, Option<Collector>),
    mut whole: Whole,
    verbatim: bool,
    mut settle: Settle,
) -> Result<Printed, AiError> {
    let usage = settle.finish_counted();
    let (bytes, losses, printed) = match &mut whole.reply {
        Some(reply) if !verbatim => {
            if let Some(gather) = gather {
                gather.reply(reply);
            }
            let (bytes, losses) = print(call, reply)?;
            (bytes, losses, true)
        }
        _ => (whole.bytes, Losses::new(), false),
    };
    Ok(Printed {
        body: Body::from(bytes),
        losses,
        usage,
        stream: false,
        printed,
    })
}

/// A stream for a client that wants a whole answer.
async fn folded(
    (call, gather): (&AiCall, Option<Collector>),
    dialect: Dialect,
    stream: Box<ReplyStream>,
    restore: &Restore,
    mut settle: Settle,
) -> Result<Printed, AiError> {
    let mut reply = fold::whole(dialect, *stream, &mut settle).await?;
    restore.reply(&mut reply);
    if let Some(gather) = gather {
        gather.reply(&mut reply);
    }
    let usage = settle.finish_counted();
    let (bytes, losses) = print(call, &reply)?;
    Ok(Printed {
        body: Body::from(bytes),
        losses,
        usage,
        stream: false,
        printed: true,
    })
}

fn print(call: &AiCall, reply: &Reply) -> Result<(Bytes, Losses), AiError> {
    let context = context::of(call)?;
    let mut out = BytesMut::with_capacity(1024);
    let losses = call.dialect().print_reply(reply, &context, &mut out);
    Ok((out.freeze(), losses))
}

/// A whole answer for a client that wants a stream.
fn unfolded(
    (call, gather): (&AiCall, Option<Collector>),
    dialect: Dialect,
    whole: Whole,
    costs: StreamCost,
    mut settle: Settle,
) -> Result<Printed, AiError> {
    let mut reply = whole.into_reply(dialect)?;
    if let Some(gather) = gather {
        gather.reply(&mut reply);
    }
    let mut losses = std::mem::take(&mut reply.unread);
    let mut printer = call.dialect().stream_printer(context::of(call)?);
    let mut out = BytesMut::with_capacity(1024);
    for event in unfold(reply) {
        settle.observe(&event);
        if matches!(event, Event::End) && costs.of_printed(call.dialect()) {
            cost::comment(&settle, &mut out);
        }
        printer.push(&event, &mut out);
    }
    settle.finish();
    losses.merge(printer.losses().clone());
    Ok(Printed {
        losses,
        ..Printed::stream(Body::from(out.freeze()))
    })
}

/// A stream for a client that speaks another dialect.
fn translated(
    (call, gather): (&AiCall, Option<Collector>),
    stream: ReplyStream,
    restore: Restore,
    costs: StreamCost,
    settle: Settle,
) -> Result<Printed, AiError> {
    let printer = call.dialect().stream_printer(context::of(call)?);
    let body = TranslateBody::new(stream, restore, printer, settle)
        .with_cost(costs.of_printed(call.dialect()))
        .gathered(gather);
    Ok(Printed::stream(Body::new(body)))
}

/// What keeps proxies and browsers from holding a stream back.
pub(super) fn stream_headers(response: &mut Response, dialect: Dialect) {
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    let media = match dialect.stream_content_type() {
        "text/event-stream" => "text/event-stream; charset=utf-8",
        other => other,
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

const JSON: &str = "application/json";
