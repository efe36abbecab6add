use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use gateway_core::Body;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

use super::{clock::Clock, cost};
use crate::{
    call::{ReplyStream, Settle},
    canonical::Event,
    dialect::{Restore, StreamParser, StreamPrinter},
    error::AiError,
    fallback::broke_off,
    keeper::Collector,
    loss::Losses,
};

/// Writes events for a client.
pub(super) trait Print {
    /// Appends what an event is to the client.
    fn push(&mut self, event: &Event, out: &mut BytesMut);

    /// What could not be expressed so far; `None` where only some of an answer is asked for.
    fn losses(&self) -> Option<&Losses>;
}

impl Print for StreamPrinter {
    fn push(&mut self, event: &Event, out: &mut BytesMut) {
        Self::push(self, event, out);
    }

    fn losses(&self) -> Option<&Losses> {
        Some(Self::losses(self))
    }
}

pin_project! {
    /// A stream that is printed in another dialect while it comes: parse, restore, print, one pass.
    pub(super) struct TranslateBody<P: Print> {
        #[pin]
        clock: Clock,
        line: Line<P>,
    }
}

struct Line<P: Print> {
    /// The provider's body; gone once the stream is over.
    upstream: Option<Body>,
    parser: StreamParser,
    restore: Restore,
    printer: P,
    /// Parsed and not yet printed.
    events: Vec<Event>,
    restored: Vec<Event>,
    out: BytesMut,
    /// Whether the end is preceded by what the call costs.
    tells_cost: bool,
    /// Gathers what the client would drop.
    gather: Option<Collector>,
    settle: Settle,
}

impl<P: Print> TranslateBody<P> {
    pub(super) fn new(stream: ReplyStream, restore: Restore, printer: P, settle: Settle) -> Self {
        let line = Line {
            upstream: Some(stream.body),
            parser: stream.parser,
            restore,
            printer,
            events: stream.events,
            restored: Vec::new(),
            out: BytesMut::new(),
            tells_cost: false,
            gather: None,
            settle,
        };
        Self {
            clock: Clock::new(stream.idle, stream.deadline),
            line,
        }
    }

    /// Has the proofs in it gathered as they pass.
    pub(super) fn gathered(mut self, gather: Option<Collector>) -> Self {
        self.line.gather = gather;
        self
    }

    /// Says in a comment before the end what the call costs.
    pub(super) const fn with_cost(mut self, tells: bool) -> Self {
        self.line.tells_cost = tells;
        self
    }
}

impl<P: Print> Line<P> {
    /// Prints what was parsed; the first terminal event ends the stream.
    fn print(&mut self) {
        let mut over = false;
        for event in self.events.drain(..) {
            if over {
                break;
            }
            self.settle.observe(&event);
            over = event.is_terminal();
            if self.tells_cost && matches!(event, Event::End) {
                lossy_comment(&lost(&self.parser, &self.printer), &mut self.out);
                cost::comment(&self.settle, &mut self.out);
            }
            self.restore.event(event, &mut self.restored);
            for mut event in self.restored.drain(..) {
                if let Some(gather) = &mut self.gather {
                    gather.event(&mut event);
                }
                self.printer.push(&event, &mut self.out);
            }
        }
        if over {
            self.upstream = None;
            self.settle.lost(&lost(&self.parser, &self.printer));
            self.settle.finish();
        }
    }

    fn fail(&mut self, error: AiError) {
        self.events.push(Event::Error(error));
        self.print();
    }
}

/// A client that leaves has not had the end, but what was lost until then.
impl<P: Print> Drop for Line<P> {
    fn drop(&mut self) {
        if self.upstream.is_some() {
            self.settle.lost(&lost(&self.parser, &self.printer));
        }
    }
}

/// What a stream could not say so far.
fn lost<P: Print>(parser: &StreamParser, printer: &P) -> Losses {
    let Some(printed) = printer.losses() else {
        return Losses::new();
    };
    let mut losses = parser.losses().clone();
    losses.merge(printed.clone());
    losses
}

/// Names what was lost where the head cannot. Names are plain: nothing in them is to be escaped.
fn lossy_comment(losses: &Losses, out: &mut BytesMut) {
    if !losses.is_empty() {
        let comment = format!(": gateway {{\"lossy\":\"{losses}\"}}\n\n");
        out.extend_from_slice(comment.as_bytes());
    }
}

impl<P: Print> HttpBody for TranslateBody<P> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut this = self.project();
        let line = this.line;
        if !line.events.is_empty() {
            line.print();
        }
        while line.out.len() < AT_ONCE {
            let Some(upstream) = &mut line.upstream else {
                break;
            };
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.clock.as_mut().touch();
                    if let Ok(data) = frame.into_data() {
                        line.parser.push(&data, &mut line.events);
                        line.print();
                    }
                }
                Poll::Ready(Some(Err(_))) => line.fail(broke_off()),
                Poll::Ready(None) => {
                    line.parser.finish(&mut line.events);
                    line.print();
                    if line.upstream.is_some() {
                        line.fail(broke_off());
                    }
                }
                Poll::Pending => {
                    if !line.out.is_empty() {
                        break;
                    }
                    match this.clock.as_mut().poll_expired(cx) {
                        Poll::Ready(error) => line.fail(error),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
        if line.out.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(line.out.split().freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.line.upstream.is_none() && self.line.out.is_empty()
    }
}

/// As much as is gathered from frames that are ready before the client gets it.
const AT_ONCE: usize = 32 * 1024;
