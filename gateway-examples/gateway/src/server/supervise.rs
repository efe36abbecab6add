use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use gateway_core::{BoxError, turn};
use gateway_layers::transport::batch;
use http_body::Body as HttpBody;
use hyper::{
    body::Incoming,
    rt::{Read, Write, bounds::Http2ServerConnExec},
    server::conn::{http1, http2},
    service::HttpService,
};
use tokio::time::Instant;

use super::{
    Drain, Limits,
    state::{State, Verdict},
};

/// Drives a connection, closes it when its clocks say so, and asks it to finish when the drain starts.
///
/// One timer a connection, also for what waits inside: each poll is one [turn]. It is moved when it
/// fires, when a head begins on a quiet connection, and when something inside wants to go on earlier:
/// a busy connection seldom touches it. Nor does it ask the timer and the drain at each wake-up, but
/// looks at two flags: both know already whom to wake.
pub(super) async fn supervise<C>(connection: C, state: &State, limits: &Limits, mut drain: Drain)
where
    C: Graceful,
{
    let mut connection = pin!(connection);
    let mut clock = pin!(tokio::time::sleep(limits.header_timeout));
    let signal = drain.clone();
    let mut drain = pin!(drain.started());
    let mut draining = false;
    // Whom the clock and the drain wake, once they have been asked.
    let mut woken: Option<Waker> = None;
    loop {
        let event = poll_fn(|cx| {
            let now = Instant::now();
            let (polled, again) = poll_turn(connection.as_mut(), state, now, cx);
            if let Poll::Ready(ended) = polled {
                return Poll::Ready(Event::Ended(ended));
            }
            let head = state.take_head_began().then(|| now + limits.header_timeout);
            // Whatever waits in there asks again when the timer has fired, and been moved on.
            let sooner = again.filter(|again| head.is_some() || *again < clock.deadline());
            if let Some(at) = head.into_iter().chain(sooner).min() {
                clock.as_mut().reset(at);
                woken = None;
            }
            let will_wake = woken.as_ref().is_some_and(|it| it.will_wake(cx.waker()));
            if will_wake && !clock.is_elapsed() && (draining || !signal.has_started()) {
                return Poll::Pending;
            }
            woken = Some(cx.waker().clone());
            if !draining && drain.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Drain);
            }
            clock.as_mut().poll(cx).map(|()| Event::Clock)
        });
        let event = event.await;
        woken = None;
        match event {
            Event::Ended(ended) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            Event::Drain => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            Event::Clock => match state.judge(limits.header_timeout, limits.idle) {
                Verdict::Wait(time) => clock.as_mut().reset(Instant::now() + time),
                Verdict::HeadTimeout if C::SAYS_WHY && state.time_out() => {
                    clock.as_mut().reset(Instant::now() + LAST_WORDS);
                }
                Verdict::HeadTimeout | Verdict::Stalled => return,
                Verdict::Idle if draining => return,
                Verdict::Idle => {
                    // Asked once; what is idle still when it is asked again is dropped.
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                    clock.as_mut().reset(Instant::now() + limits.header_timeout);
                }
            },
        }
    }
}

/// Polls the connection as one turn; also when something in it wants to go on.
fn poll_turn<C: Future>(
    connection: Pin<&mut C>,
    state: &State,
    now: Instant,
    cx: &mut Context<'_>,
) -> (Poll<C::Output>, Option<Instant>) {
    state.tick(now);
    batch::flush_older(now, HELD_FOR);
    turn::run(cx, now, |cx| connection.poll(cx))
}

/// How long an answer waits for others to be written with.
const HELD_FOR: std::time::Duration = std::time::Duration::from_micros(500);
/// To tell a client why.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(1);

enum Event {
    Ended(hyper::Result<()>),
    Drain,
    Clock,
}

/// A connection of either protocol that can be asked to finish.
pub(super) trait Graceful: Future<Output = hyper::Result<()>> {
    /// Whether a client whose head takes too long can be told so.
    const SAYS_WHY: bool;

    /// Finishes what is in flight and takes nothing new: `Connection: close`, or GOAWAY.
    fn graceful_shutdown(self: Pin<&mut Self>);
}

impl<I, S, B> Graceful for http1::UpgradeableConnection<I, S>
where
    I: Read + Write + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
{
    const SAYS_WHY: bool = true;

    fn graceful_shutdown(self: Pin<&mut Self>) {
        Self::graceful_shutdown(self);
    }
}

impl<I, S, B, E> Graceful for http2::Connection<I, S, E>
where
    I: Read + Write + Unpin + 'static,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
    E: Http2ServerConnExec<S::Future, B>,
{
    // Its pings and its frames have no such clock, and what hyper has of a head nobody sees.
    const SAYS_WHY: bool = false;

    fn graceful_shutdown(self: Pin<&mut Self>) {
        Self::graceful_shutdown(self);
    }
}
