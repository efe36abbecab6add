use std::pin::{Pin, pin};

use http_body::Body as _;

use super::clock::Clock;
use crate::{
    call::{ReplyStream, Settle},
    canonical::{Event, Fold, Reply},
    dialect::Dialect,
    error::AiError,
    fallback::broke_off,
};

/// Reads a stream to its end and folds it into the answer it spells.
///
/// # Errors
///
/// The error the stream ends in, that it broke off or fell silent, or that the answer is too large.
pub(super) async fn whole(
    dialect: Dialect,
    mut stream: ReplyStream,
    settle: &mut Settle,
) -> Result<Reply, AiError> {
    let mut clock = pin!(Clock::new(stream.idle, stream.deadline));
    let mut fold = Fold::new(dialect, LIMIT);
    loop {
        for event in stream.events.drain(..) {
            match event {
                Event::Error(error) => return Err(error),
                Event::End => {
                    fold.push(Event::End);
                    let mut reply = fold.finish()?;
                    reply.unread = stream.parser.losses().clone();
                    return Ok(reply);
                }
                event => {
                    settle.observe(&event);
                    fold.push(event);
                }
            }
        }
        let frame = std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut stream.body).poll_frame(cx);
            if polled.is_pending() {
                return clock.as_mut().poll_expired(cx).map(Err);
            }
            clock.as_mut().touch();
            polled.map(Ok)
        });
        match frame.await? {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    stream.parser.push(&data, &mut stream.events);
                }
            }
            Some(Err(_)) => return Err(broke_off()),
            None => {
                stream.parser.finish(&mut stream.events);
                if !stream.events.iter().any(Event::is_terminal) {
                    return Err(broke_off());
                }
            }
        }
    }
}

const LIMIT: usize = 32 * 1024 * 1024;
