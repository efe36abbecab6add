use std::{pin::Pin, time::Duration};

use http_body::Body as _;

use crate::{
    call::{ReplyStream, Settle},
    canonical::Event,
    error::{AiError, AiErrorKind},
};

impl ReplyStream {
    /// Reads until the stream has shown that it is an answer.
    ///
    /// What was read is held for the client. Until here another target may still take over; from
    /// here on the client has seen something, and only an error event is left.
    ///
    /// What the provider has counted by then is told to `settle`, whatever becomes of the stream.
    ///
    /// `eager` is satisfied with the first event of any sort; a sign of life is not one.
    ///
    /// # Errors
    ///
    /// The error the stream begins with, or that it broke off.
    ///
    /// # Cancellation
    ///
    /// Frames that were read stay held.
    pub(crate) async fn commit(&mut self, eager: bool, settle: &mut Settle) -> Result<(), AiError> {
        let mut seen = 0;
        let mut held = 0;
        loop {
            for event in &self.events[seen..] {
                settle.observe(event);
                match event {
                    Event::Error(error) => return Err(error.clone()),
                    Event::End => return Ok(()),
                    Event::Ping => {}
                    event if eager || event.is_meaningful() => return Ok(()),
                    _ => {}
                }
            }
            seen = self.events.len();
            if self.ended || held > HELD_LIMIT {
                return Ok(());
            }
            let body = &mut self.body;
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.parser.push(&data, &mut self.events);
                        held += data.len();
                        self.held.push(data);
                    }
                }
                Some(Err(_)) => return Err(broke_off()),
                None => {
                    self.parser.finish(&mut self.events);
                    self.ended = true;
                }
            }
        }
    }

    /// Sets the longest silence.
    pub(crate) const fn set_idle(&mut self, idle: Option<Duration>) {
        self.idle = idle;
    }
}

/// The provider's body failed.
pub(crate) fn broke_off() -> AiError {
    AiError::upstream(AiErrorKind::Truncated, "the provider's stream broke off")
}

/// A stream that says so much without saying anything is committed to all the same.
const HELD_LIMIT: usize = 256 * 1024;
