use std::time::Duration;

use super::instance::Instance;

/// Serves until the process is told to end, then ends in order.
///
/// `SIGTERM`: readiness fails at once, requests are still taken for `drain.delay`, then no new
/// connections; what is in flight, streams included, has `drain.timeout`. `SIGINT` skips the delay:
/// a person waits. A second signal ends it now. Gives whether it ended in order; what the time to
/// drain was not enough for is cut in order, too.
pub async fn run(instance: Instance) -> bool {
    let mut signals = Signals::new();
    let delay = match signals.next().await {
        Signal::Terminate => instance.drain_times().0,
        Signal::Interrupt => Duration::ZERO,
    };
    tracing::info!("draining");
    tokio::select! {
        _ = instance.drain(delay) => true,
        _ = signals.next() => {
            tracing::warn!("second signal: ending now");
            false
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Terminate,
    Interrupt,
}

#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "cannot listen to a signal"))
                .ok()
        };
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = received(&mut self.terminate) => Signal::Terminate,
            () = received(&mut self.interrupt) => Signal::Interrupt,
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
