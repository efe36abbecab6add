use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::Body;
use crate::BoxError;

/// A request body that can be sent again, as long as it stays under a cap.
///
/// The first attempt streams: bytes go upstream as they arrive and a copy (a reference count, not
/// a memory copy) is kept. A later attempt starts with what was kept and goes on with what has not
/// arrived yet. Once more than the cap has passed, the kept copy is freed, the running attempt
/// streams on undisturbed, and [`Replay::attempt`] answers `None`: a body that large is tried once.
#[derive(Clone, Debug)]
pub struct Replay {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    inner: Option<Body>,
    kept: Vec<Bytes>,
    kept_bytes: usize,
    trailers: Option<HeaderMap>,
    cap: usize,
    attempt: u64,
    lost: bool,
}

impl Replay {
    /// Prepares `body` for replay of up to `cap` bytes.
    ///
    /// # Errors
    ///
    /// Gives the body back if it announces more than `cap` bytes.
    pub fn try_new(body: Body, cap: usize) -> Result<Self, Body> {
        if body.size_hint().lower() > cap as u64 {
            return Err(body);
        }
        let shared = Shared {
            inner: Some(body),
            kept: Vec::new(),
            kept_bytes: 0,
            trailers: None,
            cap,
            attempt: 0,
            lost: false,
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(shared)),
        })
    }

    /// The body for the next attempt, or `None` if bytes were lost: the cap was passed, or the
    /// client's body failed.
    ///
    /// The previous attempt's body stops: it answers [`ReplayError::Superseded`] if it is still read.
    #[must_use]
    pub fn attempt(&self) -> Option<ReplayBody> {
        let mut shared = lock(&self.shared);
        if shared.lost {
            return None;
        }
        shared.attempt += 1;
        let hint = if shared.attempt == 1 {
            shared.inner.as_ref().map(Body::size_hint)
        } else {
            shared.whole_hint()
        };
        Some(ReplayBody {
            shared: Arc::clone(&self.shared),
            attempt: shared.attempt,
            next: 0,
            trailers_sent: false,
            remaining: hint.unwrap_or_default(),
        })
    }

    /// Whether another attempt is still possible.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !lock(&self.shared).lost
    }
}

impl Shared {
    /// What a body that starts over will give: the kept bytes and what has not arrived.
    fn whole_hint(&self) -> Option<SizeHint> {
        let kept = self.kept_bytes as u64;
        let Some(inner) = &self.inner else {
            return Some(SizeHint::with_exact(kept));
        };
        let rest = inner.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + kept);
        }
        hint.set_lower(rest.lower() + kept);
        Some(hint)
    }

    fn keep(&mut self, data: &Bytes) {
        if self.lost {
            return;
        }
        if self.kept_bytes + data.len() > self.cap {
            self.lost = true;
            self.kept = Vec::new();
            self.kept_bytes = 0;
        } else {
            self.kept_bytes += data.len();
            self.kept.push(data.clone());
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("kept_bytes", &self.kept_bytes)
            .field("cap", &self.cap)
            .field("attempt", &self.attempt)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

/// Why an attempt's body could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A later attempt has taken over.
    Superseded,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a later attempt has taken over this body")
    }
}

impl std::error::Error for ReplayError {}

/// The body of one attempt, from [`Replay::attempt`].
#[derive(Debug)]
pub struct ReplayBody {
    shared: Arc<Mutex<Shared>>,
    attempt: u64,
    next: usize,
    trailers_sent: bool,
    remaining: SizeHint,
}

impl HttpBody for ReplayBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let shared = Arc::clone(&this.shared);
        let mut shared = lock(&shared);
        if shared.attempt != this.attempt {
            return Poll::Ready(Some(Err(ReplayError::Superseded.into())));
        }
        if let Some(data) = shared.kept.get(this.next).cloned() {
            this.next += 1;
            return Poll::Ready(Some(Ok(this.pass(data))));
        }
        let Some(inner) = &mut shared.inner else {
            return Poll::Ready(this.take_trailers(&shared).map(Ok));
        };
        match ready!(Pin::new(inner).poll_frame(cx)) {
            None => {
                shared.inner = None;
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                shared.inner = None;
                shared.lost = true;
                Poll::Ready(Some(Err(error)))
            }
            Some(Ok(frame)) => Poll::Ready(Some(Ok(this.receive(&mut shared, frame)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        let shared = lock(&self.shared);
        let behind = self.next < shared.kept.len();
        let trailers = shared.trailers.is_some() && !self.trailers_sent;
        let more = shared
            .inner
            .as_ref()
            .is_some_and(|inner| !inner.is_end_stream());
        shared.attempt == self.attempt && !behind && !trailers && !more
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining
    }
}

impl ReplayBody {
    fn receive(&mut self, shared: &mut Shared, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_data() {
            Ok(data) => {
                shared.keep(&data);
                // Past the cap nothing is kept, and an index into it would mean nothing.
                self.next = shared.kept.len();
                self.pass(data)
            }
            Err(frame) => {
                self.trailers_sent = true;
                shared.trailers = frame.trailers_ref().cloned();
                shared.inner = None;
                frame
            }
        }
    }

    fn take_trailers(&mut self, shared: &Shared) -> Option<Frame<Bytes>> {
        if self.trailers_sent {
            return None;
        }
        self.trailers_sent = true;
        shared.trailers.clone().map(Frame::trailers)
    }

    fn pass(&mut self, data: Bytes) -> Frame<Bytes> {
        let len = data.len() as u64;
        let mut hint = SizeHint::new();
        if let Some(upper) = self.remaining.upper() {
            hint.set_upper(upper.saturating_sub(len));
        }
        hint.set_lower(self.remaining.lower().saturating_sub(len));
        self.remaining = hint;
        Frame::data(data)
    }
}

/// A panic while the lock was held cannot leave the buffer half-written, so poison is ignored.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;
    use crate::body::collect;

    fn stream(parts: Vec<&'static str>) -> Body {
        let frames = parts
            .into_iter()
            .map(|part| Ok::<_, BoxError>(Frame::data(Bytes::from_static(part.as_bytes()))));
        Body::new(StreamBody::new(futures_util::stream::iter(frames)))
    }

    async fn one(body: &mut ReplayBody) -> Bytes {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        frame.unwrap().unwrap().into_data().unwrap()
    }

    #[tokio::test]
    async fn a_second_attempt_starts_over_and_goes_on() {
        let replay = Replay::try_new(stream(vec!["ab", "cd", "ef"]), 64).unwrap();
        let mut first = replay.attempt().unwrap();
        assert_eq!(one(&mut first).await, "ab");
        let second = replay.attempt().unwrap();
        assert_eq!(collect(second, 64).await.unwrap().bytes(), "abcdef");
    }

    #[tokio::test]
    async fn the_superseded_attempt_stops() {
        let replay = Replay::try_new(stream(vec!["ab", "cd"]), 64).unwrap();
        let first = replay.attempt().unwrap();
        let _second = replay.attempt().unwrap();
        assert!(collect(first, 64).await.is_err());
    }

    #[tokio::test]
    async fn past_the_cap_it_streams_on_but_is_not_replayable() {
        let replay = Replay::try_new(stream(vec!["abcd", "efgh", "ij"]), 6).unwrap();
        let first = replay.attempt().unwrap();
        assert_eq!(collect(first, 64).await.unwrap().bytes(), "abcdefghij");
        assert!(!replay.is_replayable());
        assert!(replay.attempt().is_none());
    }

    #[tokio::test]
    async fn exact_sizes_survive_each_attempt() {
        let replay = Replay::try_new(Body::from("abcd"), 6).unwrap();
        let first = replay.attempt().unwrap();
        assert_eq!(first.size_hint().exact(), Some(4));
        assert_eq!(collect(first, 64).await.unwrap().bytes(), "abcd");
        let second = replay.attempt().unwrap();
        assert_eq!(second.size_hint().exact(), Some(4));
        assert_eq!(collect(second, 64).await.unwrap().bytes(), "abcd");
    }

    #[test]
    fn an_announced_excess_is_given_back() {
        assert!(Replay::try_new(Body::from("abcdefg"), 6).is_err());
    }

    #[tokio::test]
    async fn trailers_are_replayed() {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        let frames: Vec<Result<_, BoxError>> = vec![
            Ok(Frame::data(Bytes::from_static(b"x"))),
            Ok(Frame::trailers(trailers.clone())),
        ];
        let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        let replay = Replay::try_new(body, 64).unwrap();
        for _ in 0..2 {
            let read = collect(replay.attempt().unwrap(), 64).await.unwrap();
            assert_eq!(read.bytes(), "x");
            assert_eq!(read.trailers(), Some(&trailers));
        }
    }
}
