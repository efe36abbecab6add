use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// All frames were delivered.
    Complete,
    /// The body failed.
    Failed,
    /// The body was dropped before its end: the reader went away.
    Cancelled,
}

/// Sees the frames of a body as they pass, and its end exactly once.
///
/// Implementations must not block: they run inside `poll_frame`, and `on_end` may run inside
/// `Drop`, where it must not spawn or panic either.
pub trait Observe {
    /// A data frame passes. Cloning the `Bytes` is a reference count: this is the tee.
    fn on_data(&mut self, data: &Bytes) {
        let _ = data;
    }

    /// The trailers pass.
    fn on_trailers(&mut self, trailers: &HeaderMap) {
        let _ = trailers;
    }

    /// The stream is over. Called once, after the last frame, at the first error, or at drop.
    fn on_end(self, end: End);
}

pin_project! {
    /// A body whose frames and end are shown to an [`Observe`]r; the frames themselves pass unchanged.
    ///
    /// The end is found even if the consumer never polls past the last frame.
    #[must_use = "a dropped body reports `End::Cancelled`"]
    pub struct ObservedBody<B, O: Observe> {
        #[pin]
        inner: B,
        observer: Option<O>,
    }

    impl<B, O: Observe> PinnedDrop for ObservedBody<B, O> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(observer) = this.project().observer.take() {
                observer.on_end(End::Cancelled);
            }
        }
    }
}

impl<B, O: Observe> ObservedBody<B, O> {
    /// Shows the frames of `inner` to `observer`.
    ///
    /// A body that has already ended reports [`End::Complete`] at once, since nobody need poll it.
    pub fn new(inner: B, observer: O) -> Self
    where
        B: HttpBody,
    {
        if inner.is_end_stream() {
            observer.on_end(End::Complete);
            return Self {
                inner,
                observer: None,
            };
        }
        Self {
            inner,
            observer: Some(observer),
        }
    }
}

/// Runs `hook` when `body` has ended.
///
/// ```
/// use gateway_core::body::{Body, End, on_end};
///
/// let body = on_end(Body::from("x"), |end| assert_eq!(end, End::Cancelled));
/// drop(body); // nobody read it
/// ```
pub fn on_end<B, F>(body: B, hook: F) -> ObservedBody<B, impl Observe + use<B, F>>
where
    B: HttpBody,
    F: FnOnce(End),
{
    ObservedBody::new(body, Hook(hook))
}

struct Hook<F>(F);

impl<F: FnOnce(End)> Observe for Hook<F> {
    fn on_end(self, end: End) {
        (self.0)(end);
    }
}

impl<B, O> HttpBody for ObservedBody<B, O>
where
    B: HttpBody<Data = Bytes>,
    O: Observe,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(cx);
        let end = match &polled {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => Some(End::Complete),
            Poll::Ready(Some(Err(_))) => Some(End::Failed),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(observer) = this.observer.as_mut() {
                    show(observer, frame);
                }
                (frame.is_trailers() || this.inner.is_end_stream()).then_some(End::Complete)
            }
        };
        if let Some(end) = end
            && let Some(observer) = this.observer.take()
        {
            observer.on_end(end);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn show<O: Observe>(observer: &mut O, frame: &Frame<Bytes>) {
    if let Some(data) = frame.data_ref() {
        observer.on_data(data);
    } else if let Some(trailers) = frame.trailers_ref() {
        observer.on_trailers(trailers);
    }
}

impl<B: fmt::Debug, O: Observe> fmt::Debug for ObservedBody<B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{Body, body::collect};

    struct Count(Arc<AtomicUsize>, Arc<AtomicUsize>);

    impl Observe for Count {
        fn on_data(&mut self, data: &Bytes) {
            self.0.fetch_add(data.len(), Ordering::Relaxed);
        }

        fn on_end(self, end: End) {
            assert_eq!(end, End::Complete);
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn sees_all_data_and_one_end() {
        let (bytes, ends) = (Arc::default(), Arc::default());
        let body = ObservedBody::new(
            Body::from("hello"),
            Count(Arc::clone(&bytes), Arc::clone(&ends)),
        );
        collect(body, 10).await.unwrap();
        assert_eq!(bytes.load(Ordering::Relaxed), 5);
        assert_eq!(ends.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_empty_body_ends_at_once() {
        let ends = Arc::default();
        drop(ObservedBody::new(
            Body::empty(),
            Count(Arc::default(), Arc::clone(&ends)),
        ));
        assert_eq!(ends.load(Ordering::Relaxed), 1);
    }
}
