//! Writes of many connections, one after the other.
//!
//! A write to a socket wakes whoever waits at its other end. Between the writes of a gateway lies the
//! work of a request, long enough for the peer to take what came, find no more and go to sleep: each
//! write then wakes it anew, and to wake another CPU costs as much as all that a proxy does for a
//! request. So a thread keeps what its tasks write, and writes all of it when nothing is left to be
//! run: the first write wakes the peer and the others find it awake. What one connection writes
//! several times meanwhile – the events of a burst – is one write.
//!
//! Measured with 64 connections on one CPU, client and upstream on another, with one clock reading a
//! [turn](gateway_core::turn) at the same time: 18.4 µs of CPU time a proxied request instead of 23.0,
//! 24.9 instead of 27.6 a call of a model. It costs some 1,500 instructions a request, and saves the
//! kernel more than that.
//!
//! Only the runtime knows when a thread has nothing left to do, so it is the runtime that is asked to
//! call [`before_park`]; on a thread where it does not, [`Batched`] writes at once.
//!
//! ```
//! use gateway_layers::transport::batch;
//!
//! # fn main() -> std::io::Result<()> {
//! let runtime = tokio::runtime::Builder::new_multi_thread()
//!     .on_thread_park(batch::before_park)
//!     .enable_all()
//!     .build()?;
//! # drop(runtime);
//! # Ok(())
//! # }
//! ```
//!
//! A thread that goes on and on would keep its first write for long. It [flushes](flush_older) in time
//! if it is told the time; and after 64 connections in any case.
mod drain;
mod queue;
mod stream;

pub use self::{
    queue::{before_park, flush_older},
    stream::Batched,
};

#[cfg(test)]
mod tests;
