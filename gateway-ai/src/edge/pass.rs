use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use gateway_core::Body;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

use super::{clock::Clock, cost, framing::Framing, memory::Remember};
use crate::{
    call::{ReplyStream, Settle},
    dialect::{Dialect, ReplyContext},
    error::AiError,
    fallback::broke_off,
    sse, tap,
};

pin_project! {
    /// A stream that is passed on as it came, event by whole event.
    ///
    /// Bytes are not changed and not held back, save for the tail of an event whose end has not
    /// come: no client can use half an event, and should the provider break off there, the error
    /// that follows stands on a line of its own.
    pub(super) struct PassBody {
        #[pin]
        clock: Clock,
        line: Line,
    }
}

struct Line {
    dialect: Dialect,
    /// The provider's body; gone once the stream is over.
    upstream: Option<Body>,
    /// Frames that were read before the stream was committed to.
    held: VecDeque<Bytes>,
    framer: Framing,
    /// The beginning of an event whose end has not come.
    tail: VecDeque<Bytes>,
    last: Last,
    out: VecDeque<Bytes>,
    hide_usage: bool,
    /// Whether the provider's last event is followed by what the call costs.
    tells_cost: bool,
    complete: bool,
    failed: bool,
    settle: Settle,
    /// Whoever wants to know the answer's id, and who keeps it.
    keeper: Option<(Remember, Arc<str>)>,
}

impl PassBody {
    pub(super) fn new(
        dialect: Dialect,
        stream: ReplyStream,
        tells_cost: bool,
        settle: Settle,
    ) -> Self {
        Self {
            clock: Clock::new(stream.idle, stream.deadline),
            line: Line {
                dialect,
                upstream: Some(stream.body),
                held: stream.held.into(),
                framer: Framing::of(dialect),
                tail: VecDeque::new(),
                last: Last::default(),
                out: VecDeque::new(),
                hide_usage: stream.hide_usage,
                tells_cost,
                complete: false,
                failed: false,
                settle,
                keeper: None,
            },
        }
    }

    /// Has the answer's id noted as soon as it is said.
    pub(super) fn noted(mut self, remember: Option<Remember>, provider: Arc<str>) -> Self {
        self.line.keeper = remember.map(|remember| (remember, provider));
        self
    }
}

impl Line {
    /// Takes a frame of the provider.
    fn take(&mut self, data: &Bytes) {
        let Self {
            framer,
            dialect,
            hide_usage,
            settle,
            complete,
            failed,
            keeper,
            ..
        } = self;
        let mut cut = Cut {
            from: 0,
            hidden: Vec::new(),
        };
        let framed = framer.push(data, |event: sse::Frame<'_>| {
            let seen = tap::look(*dialect, event.event, event.data);
            *complete |= seen.complete;
            *failed |= seen.failed;
            if let Some((remember, provider)) = keeper.take_if(|_| seen.named) {
                remember.note_event(event.data, &provider);
            }
            if let Some(usage) = seen.usage {
                settle.count(usage);
            }
            if *hide_usage && seen.only_usage {
                cut.hidden.push((cut.from, event.end));
            }
            cut.from = event.end;
        });
        if let Err(error) = framed {
            // What came whole before it is still good.
            self.emit(data, &cut);
            self.fail(&error);
            return;
        }
        // Comments and nameless blocks end like events, but are none: they must not wait for one.
        self.last.see(data);
        if self.framer.is_text() && self.last.is_blank_line() {
            cut.from = data.len();
        }
        self.emit(data, &cut);
    }

    /// Hands on the whole events of a frame and keeps the rest.
    fn emit(&mut self, data: &Bytes, cut: &Cut) {
        if cut.from == 0 {
            self.tail.push_back(data.clone());
            return;
        }
        let mut position = 0;
        for &(from, to) in &cut.hidden {
            // The hidden event may have begun in earlier frames.
            if from == 0 {
                self.tail.clear();
            } else if position < from {
                self.out.append(&mut self.tail);
                self.push(data.slice(position..from));
            }
            position = to;
        }
        if position < cut.from {
            self.out.append(&mut self.tail);
            self.push(data.slice(position..cut.from));
        }
        if cut.from < data.len() {
            self.tail.push_back(data.slice(cut.from..));
        }
    }

    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.out.push_back(bytes);
        }
    }

    /// The provider's body has ended.
    fn end(&mut self) {
        let Self {
            framer,
            dialect,
            settle,
            complete,
            failed,
            ..
        } = self;
        framer.finish(|event| {
            let seen = tap::look(*dialect, event.event, event.data);
            *complete |= seen.complete;
            *failed |= seen.failed;
            if let Some(usage) = seen.usage {
                settle.count(usage);
            }
        });
        if self.complete || self.failed {
            self.out.append(&mut self.tail);
            if self.tells_cost && self.complete {
                let mut text = BytesMut::new();
                cost::comment(&self.settle, &mut text);
                self.push(text.freeze());
            }
            self.close();
        } else {
            self.fail(&broke_off());
        }
    }

    /// The stream cannot go on: the client is told in its own dialect, and nothing follows.
    fn fail(&mut self, error: &AiError) {
        // What failed after the end of the answer is nothing the client need know. Gemini's streams have
        // no end of their own, though, and more may follow a first reason to finish.
        let goes_on = self.dialect == Dialect::Gemini && !self.tail.is_empty();
        if (!self.complete || goes_on) && !self.failed {
            let mut text = BytesMut::new();
            let mut printer = self.dialect.stream_printer(ReplyContext::default());
            printer.error(error, &mut text);
            self.push(text.freeze());
        }
        self.close();
    }

    fn close(&mut self) {
        self.upstream = None;
        self.tail.clear();
        self.settle.finish();
    }

    fn next(&mut self) -> Option<Bytes> {
        join(&mut self.out)
    }
}

/// Where whole events end in a frame, and which of them are left out.
struct Cut {
    from: usize,
    hidden: Vec<(usize, usize)>,
}

/// The last bytes of the stream.
#[derive(Default)]
struct Last([u8; 4]);

impl Last {
    fn see(&mut self, data: &[u8]) {
        let new = data.len().min(4);
        self.0.rotate_left(new);
        self.0[4 - new..].copy_from_slice(&data[data.len() - new..]);
    }

    fn is_blank_line(&self) -> bool {
        self.0 == *b"\r\n\r\n" || matches!(self.0[2..], [b'\n', b'\n'] | [b'\r', b'\r'])
    }
}

/// One buffer of what is ready: a single frame as it is, several copied together, since a write
/// costs more than a copy.
fn join(out: &mut VecDeque<Bytes>) -> Option<Bytes> {
    if out.len() < 2 {
        return out.pop_front();
    }
    let mut joined = BytesMut::with_capacity(out.iter().map(Bytes::len).sum());
    for part in out.drain(..) {
        joined.extend_from_slice(&part);
    }
    Some(joined.freeze())
}

impl HttpBody for PassBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut this = self.project();
        let line = this.line;
        let mut size = 0;
        loop {
            if let Some(data) = line.held.pop_front() {
                line.take(&data);
                continue;
            }
            let Some(upstream) = &mut line.upstream else {
                break;
            };
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.clock.as_mut().touch();
                    if let Ok(data) = frame.into_data() {
                        size += data.len();
                        line.take(&data);
                    }
                    if size >= AT_ONCE {
                        break;
                    }
                }
                Poll::Ready(Some(Err(_))) => line.fail(&broke_off()),
                Poll::Ready(None) => line.end(),
                Poll::Pending => {
                    if !line.out.is_empty() {
                        break;
                    }
                    match this.clock.as_mut().poll_expired(cx) {
                        Poll::Ready(error) => line.fail(&error),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
        match line.next() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if line.upstream.is_none() => Poll::Ready(None),
            None => {
                // A frame that only continued an event: there may be more to read.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.line.upstream.is_none() && self.line.out.is_empty()
    }
}

/// As much as is gathered from frames that are ready before the client gets it.
const AT_ONCE: usize = 32 * 1024;
