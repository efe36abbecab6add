//! The body that plays cues.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use http_body::Frame;
use http_body::SizeHint;
use tokio::time::Sleep;

use super::stage::Act;
use super::stage::Cue;
use crate::doubles::stats::Ticket;

/// A response body that plays [`Cue`]s and keeps its request's [`Ticket`] until its end.
#[derive(Debug)]
pub(crate) struct Playback {
    cues: VecDeque<Cue>,
    clock: Option<Pin<Box<Sleep>>>,
    /// The length, where it is announced: a stream of events never knows it.
    length: Option<u64>,
    ticket: Ticket,
}

impl Playback {
    /// Plays a stream.
    pub(crate) fn stream(cues: Vec<Cue>, ticket: Ticket) -> Self {
        Self::new(cues, None, ticket)
    }

    /// Plays a document whose length is announced; a fault may keep part of it.
    pub(crate) fn whole(cues: Vec<Cue>, length: usize, ticket: Ticket) -> Self {
        Self::new(cues, Some(length as u64), ticket)
    }

    fn new(cues: Vec<Cue>, length: Option<u64>, mut ticket: Ticket) -> Self {
        if cues.is_empty() {
            ticket.finish();
        }
        Self {
            cues: cues.into(),
            clock: None,
            length,
            ticket,
        }
    }

    /// Waits for the next cue's moment. The clock starts when the previous cue was played.
    fn poll_moment(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(cue) = self.cues.front() else {
            return Poll::Ready(());
        };
        if cue.after.is_zero() {
            return Poll::Ready(());
        }
        let after = cue.after;
        let clock = self
            .clock
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        ready!(clock.as_mut().poll(cx));
        self.clock = None;
        Poll::Ready(())
    }
}

impl http_body::Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if matches!(this.cues.front(), Some(Cue { act: Act::Hang, .. })) {
            // Nothing will ever wake this body; only dropping it ends it.
            return Poll::Pending;
        }
        ready!(this.poll_moment(cx));
        let Some(cue) = this.cues.pop_front() else {
            return Poll::Ready(None);
        };
        let Act::Send { bytes, tokens } = cue.act else {
            this.ticket.finish();
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        };
        this.ticket.sent(bytes.len(), tokens);
        this.length = this
            .length
            .map(|length| length.saturating_sub(bytes.len() as u64));
        if this.cues.is_empty() {
            this.ticket.finish();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.cues.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
