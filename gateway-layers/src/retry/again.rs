use bytes::Bytes;
use gateway_core::{Body, Request, body::Replay};
use http::request::Parts;

/// What is needed to send a request another time.
pub(super) struct Again {
    parts: Parts,
    body: Kept,
}

enum Kept {
    /// In memory anyway.
    Whole(Bytes),
    /// Kept as it passes, up to a bound.
    Replay(Replay),
}

impl Again {
    /// Keeps what is needed of `request`, unless its body is announced to be too long.
    pub(super) fn keep(request: Request, cap: usize) -> (Request, Option<Self>) {
        let (parts, body) = request.into_parts();
        if let Some(bytes) = body.as_bytes().cloned() {
            let again = Self {
                parts: parts.clone(),
                body: Kept::Whole(bytes),
            };
            return (Request::from_parts(parts, body), Some(again));
        }
        let replay = match Replay::try_new(body, cap) {
            Ok(replay) => replay,
            Err(body) => return (Request::from_parts(parts, body), None),
        };
        let again = Self {
            parts: parts.clone(),
            body: Kept::Replay(replay),
        };
        let body = again.body().unwrap_or_default();
        (Request::from_parts(parts, body), Some(again))
    }

    /// Whether the body is still there.
    pub(super) fn is_possible(&self) -> bool {
        match &self.body {
            Kept::Whole(_) => true,
            Kept::Replay(replay) => replay.is_replayable(),
        }
    }

    /// The request once more, unless more of its body has passed than is kept.
    pub(super) fn request(&self) -> Option<Request> {
        let body = self.body()?;
        Some(Request::from_parts(self.parts.clone(), body))
    }

    fn body(&self) -> Option<Body> {
        match &self.body {
            Kept::Whole(bytes) => Some(Body::from(bytes.clone())),
            Kept::Replay(replay) => replay.attempt().map(Body::new),
        }
    }
}
