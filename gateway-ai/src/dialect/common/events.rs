use super::intake::Intake;
use crate::{canonical::Event, error::AiError};

/// What a dialect makes of a stream of server-sent events.
pub(in crate::dialect) trait StreamState {
    /// Takes the data of one event.
    fn data(&mut self, data: &[u8], out: &mut Vec<Event>);

    /// Ends the stream with an error.
    fn fail(&mut self, error: AiError, out: &mut Vec<Event>);

    /// No more comes, and the stream has not said that it is complete; `body` is what came instead
    /// of events.
    fn end(&mut self, body: Option<Vec<u8>>, out: &mut Vec<Event>);

    /// Whether the stream has ended.
    fn is_done(&self) -> bool;
}

/// Reads a stream of server-sent events, or the JSON body that came in its place.
#[derive(Debug, Default)]
pub(in crate::dialect) struct EventParser<S> {
    intake: Intake,
    state: S,
}

impl<S: StreamState> EventParser<S> {
    pub(in crate::dialect) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.state.is_done() {
            return;
        }
        let state = &mut self.state;
        let read = self.intake.push(bytes, |frame| match frame {
            Some(frame) => state.data(frame.data, out),
            // Who is told that the provider is alive keeps the connection.
            None if state.is_done() => {}
            None => out.push(Event::Ping),
        });
        if let Err(error) = read {
            self.state.fail(error, out);
        }
    }

    pub(in crate::dialect) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.state.is_done() {
            return;
        }
        let state = &mut self.state;
        let body = self.intake.finish(|frame| state.data(frame.data, out));
        if !self.state.is_done() {
            self.state.end(body, out);
        }
    }

    pub(in crate::dialect) fn is_done(&self) -> bool {
        self.state.is_done()
    }

    /// Takes the data of one event, for a reader that frames on its own.
    pub(in crate::dialect) fn frame(&mut self, data: &[u8], out: &mut Vec<Event>) {
        self.state.data(data, out);
    }
}
