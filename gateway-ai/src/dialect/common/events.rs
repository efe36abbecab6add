use super::intake::Intake;
use crate::{
    canonical::{Event, Reply, unfold},
    error::AiError,
};

/// What a dialect makes of a stream of server-sent events.
pub(in crate::dialect) trait StreamState {
    /// Takes the data of one event.
    fn data(&mut self, data: &[u8], out: &mut Vec<Event>);

    /// No more comes, and the stream has not said that it is complete; `body` is what came instead
    /// of events.
    fn end(&mut self, body: Option<Vec<u8>>, out: &mut Vec<Event>);

    /// Whether the stream has ended.
    fn is_done(&self) -> bool;

    /// Reads no further.
    fn close(&mut self);

    /// Ends the stream with an error, if it has not ended.
    fn fail(&mut self, error: AiError, out: &mut Vec<Event>) {
        if !self.is_done() {
            self.close();
            out.push(Event::Error(error));
        }
    }

    /// Ends the stream with the answer that came whole.
    fn whole(&mut self, reply: Result<Reply, AiError>, out: &mut Vec<Event>) {
        match reply {
            Ok(reply) => {
                self.close();
                out.extend(unfold(reply));
            }
            Err(error) => self.fail(error, out),
        }
    }
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
        // What follows the end is no part of it, however long it is.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialect::{Dialect, StreamParser},
        sse::Framer,
    };

    #[test]
    fn nothing_follows_the_end() {
        for (dialect, end) in [
            (Dialect::Chat, "[DONE]"),
            (Dialect::Messages, r#"{"type":"message_stop"}"#),
            (
                Dialect::Responses,
                r#"{"type":"response.completed","response":{"status":"completed"}}"#,
            ),
        ] {
            let mut bytes = format!("data: {end}\n\ndata: ").into_bytes();
            bytes.resize(bytes.len() + Framer::LIMIT + 1, b'x');
            let mut events = Vec::new();
            let mut parser = StreamParser::new(dialect);
            parser.push(&bytes, &mut events);
            parser.finish(&mut events);
            let ends = events
                .iter()
                .filter(|event| matches!(event, Event::End | Event::Error(_)));
            assert_eq!(ends.count(), 1, "{dialect:?}: {events:?}");
            assert!(parser.is_done());
        }
    }
}
