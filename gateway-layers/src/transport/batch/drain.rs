use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::stream::{Draining, Shared};

/// Waits for a socket that has not taken all that was held, until it has or nobody wants it to.
///
/// The connection's own task cannot: to it all was written, and it may not come back before the answer
/// to what still lies here.
pub(super) struct Drain<S> {
    shared: Arc<Shared<S>>,
}

impl<S: AsyncWrite + Unpin + Send + 'static> Drain<S> {
    pub(super) fn spawn(shared: Arc<Shared<S>>) {
        let drain = Self { shared };
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with the connection it drains, which owns all there is to await"
        )]
        // Only threads of a runtime hold anything.
        tokio::spawn(drain);
    }
}

impl<S: AsyncWrite + Unpin> Future for Drain<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.shared.lock();
        if matches!(inner.draining, Draining::Dropped) {
            return Poll::Ready(());
        }
        // Before asking: who drops the connection meanwhile finds whom to wake.
        inner.draining = Draining::Task(Some(cx.waker().clone()));
        let result = ready!(inner.poll_held(cx));
        inner.draining = Draining::No;
        inner.settle(result);
        self.shared.note(&inner);
        Poll::Ready(())
    }
}
