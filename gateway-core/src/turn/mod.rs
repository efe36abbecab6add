//! One poll of a task, as all that runs in it sees it: what time it is, and when it goes on anyway.
//!
//! A request passes a dozen places that ask for the time and several that must not wait for ever.
//! Asked one by one, each is a reading of the clock and a timer that is made, entered, and taken out
//! again unfired. A server that polls a whole connection at once knows better: it reads the clock
//! once, and has a timer of its own already. So it polls in a turn ([`run`]), and inside
//!
//! - [`now`] is the moment at which the turn began;
//! - [`Alarm`] and [`timeout_at`] ask for another turn instead of setting a timer.
//!
//! Outside of a turn – in a task that was spawned, behind a server that knows none of this – the
//! same calls read the clock and set a timer: nothing depends on who polls. What is measured within
//! one turn took no time; whoever has to tell the work of the gateway itself asks the clock.
//!
//! ```
//! use std::{future::Future, pin::pin, task::Context, time::Duration};
//! use gateway_core::turn;
//! use tokio::time::Instant;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # let _entered = runtime.enter();
//! let soon = Instant::now() + Duration::from_secs(1);
//! let mut work = pin!(turn::timeout_at(soon, std::future::pending::<()>()));
//! let mut cx = Context::from_waker(std::task::Waker::noop());
//!
//! let (polled, again) = turn::run(&mut cx, Instant::now(), |cx| work.as_mut().poll(cx));
//! assert!(polled.is_pending());
//! assert_eq!(again, Some(soon));
//!
//! let (polled, _) = turn::run(&mut cx, soon, |cx| work.poll(cx));
//! assert!(polled.is_ready(), "it was over when the turn began");
//! ```
mod alarm;
mod current;
mod timeout;

pub use self::{
    alarm::Alarm,
    current::{now, run},
    timeout::{Timeout, timeout_at},
};
