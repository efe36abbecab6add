use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that keeps a guard alive until its stream has ended.
    ///
    /// A permit or a load count that is released with the response *head* counts nothing for a
    /// streamed answer. Here it is released at the last frame, at an error, or at drop – whichever
    /// is first. The end is looked for after every frame, because a server that knows the
    /// `Content-Length` does not poll once more to hear that there is nothing left.
    #[must_use = "the guard is released when the body is dropped"]
    pub struct GuardedBody<B, G> {
        #[pin]
        inner: B,
        guard: Option<G>,
    }
}

impl<B, G> GuardedBody<B, G> {
    /// Keeps `guard` until `inner` has ended.
    pub const fn new(inner: B, guard: G) -> Self {
        Self {
            inner,
            guard: Some(guard),
        }
    }
}

impl<B: HttpBody, G> HttpBody for GuardedBody<B, G> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(cx);
        let over = match &polled {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers() || this.inner.is_end_stream(),
            Poll::Ready(_) => true,
        };
        if over {
            *this.guard = None;
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

impl<B: fmt::Debug, G> fmt::Debug for GuardedBody<B, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedBody")
            .field("inner", &self.inner)
            .field("held", &self.guard.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Body;

    #[tokio::test]
    async fn released_with_the_last_frame_though_never_polled_again() {
        let guard = Arc::new(());
        let mut body = GuardedBody::new(Body::from("x"), Arc::clone(&guard));
        assert_eq!(Arc::strong_count(&guard), 2);
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert!(frame.is_some());
        assert_eq!(Arc::strong_count(&guard), 1);
    }

    #[test]
    fn released_at_drop() {
        let guard = Arc::new(());
        drop(GuardedBody::new(Body::from("x"), Arc::clone(&guard)));
        assert_eq!(Arc::strong_count(&guard), 1);
    }
}
