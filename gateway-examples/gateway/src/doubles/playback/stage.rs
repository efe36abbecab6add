//! From a script and a fault to timed cues.

use std::time::Duration;

use bytes::Bytes;

use super::script::Script;
use crate::doubles::fault::Effect;
use crate::doubles::fault::Fault;

/// What the body does next, and how long it waits before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cue {
    pub(crate) after: Duration,
    pub(crate) act: Act,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Send {
        bytes: Bytes,
        tokens: u64,
    },
    /// Drop the connection.
    Break,
    /// Stay silent for ever.
    Hang,
}

impl Cue {
    pub(crate) fn send(bytes: Bytes, tokens: u64) -> Self {
        Self {
            after: Duration::ZERO,
            act: Act::Send { bytes, tokens },
        }
    }

    fn hang() -> Self {
        Self {
            after: Duration::ZERO,
            act: Act::Hang,
        }
    }

    /// hyper discards what it has not flushed when a body fails, so a break comes a moment later.
    fn snap(pace: Duration) -> Self {
        Self {
            after: pace.max(FLUSH),
            act: Act::Break,
        }
    }
}

/// Times the frames of a stream and commits the fault on them.
pub(crate) fn stage(script: Script, pace: Duration, fault: &Fault) -> Vec<Cue> {
    match fault.effect {
        Some(Effect::EmptyStream) => return Vec::new(),
        Some(Effect::Silence) => return vec![Cue::hang()],
        _ => {}
    }
    let mut cues = Vec::with_capacity(script.frames.len() + script.tail.len());
    let (mut chunks, mut tokens) = (0, 0);
    for frame in script.frames {
        if frame.content {
            match fault.effect {
                Some(Effect::CutAfterTokens(limit)) if tokens >= limit => {
                    cues.push(Cue::snap(pace));
                    return cues;
                }
                Some(Effect::ErrorEventAfterChunks(limit)) if chunks >= limit => {
                    cues.push(Cue::send(script.error, 0));
                    return cues;
                }
                Some(Effect::MalformedSse) if chunks == 1 => {
                    cues.push(Cue::send(script.malformed.clone(), 0));
                }
                _ => {}
            }
        }
        let after = match (frame.content, chunks, fault.slow_first_token) {
            (false, ..) => Duration::ZERO,
            (true, 0, Some(wait)) => wait,
            (true, ..) => pace,
        };
        chunks += u64::from(frame.content);
        tokens += frame.tokens;
        cues.push(Cue {
            after,
            act: Act::Send {
                bytes: frame.bytes,
                tokens: frame.tokens,
            },
        });
    }
    match fault.effect {
        // However short the answer is, these faults keep its end from the client.
        Some(Effect::CutAfterTokens(_)) => cues.push(Cue::snap(pace)),
        Some(Effect::ErrorEventAfterChunks(_)) => cues.push(Cue::send(script.error, 0)),
        Some(Effect::MalformedSse) if chunks < 2 => {
            cues.push(Cue::send(script.malformed, 0));
            cues.extend(script.tail.into_iter().map(|bytes| Cue::send(bytes, 0)));
        }
        _ => cues.extend(script.tail.into_iter().map(|bytes| Cue::send(bytes, 0))),
    }
    cues
}

/// Does the same for an answer that is one document.
pub(crate) fn stage_whole(document: Bytes, tokens: u64, fault: &Fault) -> Vec<Cue> {
    let half = document.slice(..document.len() / 2);
    let mut cues = match fault.effect {
        Some(Effect::EmptyStream) => Vec::new(),
        Some(Effect::Silence) => vec![Cue::hang()],
        Some(Effect::MalformedSse) => vec![Cue::send(half, 0)],
        Some(Effect::CutAfterTokens(_)) => vec![Cue::send(half, 0), Cue::snap(Duration::ZERO)],
        _ => vec![Cue::send(document, tokens)],
    };
    if let (Some(wait), Some(first)) = (fault.slow_first_token, cues.first_mut()) {
        first.after = wait;
    }
    cues
}

const FLUSH: Duration = Duration::from_millis(5);
