//! The accept loop: connections in, requests to a service, and an orderly end.
//!
//! hyper parses and frames; this module decides what a connection may cost. The stock loops leave
//! holes: nothing bounds the time before the protocol is known, an idle connection and a slow head
//! share one clock, and each frame of a burst becomes a system call. Here:
//!
//! - the HTTP/2 preface is looked for under the same deadline as a request head;
//! - a head has [`header_timeout`](Limits::header_timeout), a quiet connection has
//!   [`idle`](Limits::idle), a request in flight has neither;
//! - writes of streamed answers are held until the tasks that are ready now have run, so that frames
//!   which are there together leave together and none waits for one that is not there yet;
//! - a request body has a size and a pace ([`UploadLayer`]); one that came with its head is a single
//!   buffer, of which nothing has to be waited for;
//! - requests that hyper accepts and a gateway must not pass on are refused ([`check`]);
//! - [`Drain`] ends it: stop accepting, tell the connections, wait for the streams.

mod arrival;
pub mod check;

mod connection;
mod crowd;
mod detect;
mod drain;
mod entrance;
mod interim;
mod io;
mod limits;
mod listen;
mod places;
mod room;
mod socket;
mod state;
mod supervise;
mod upload;
mod watched;

#[cfg(unix)]
pub use self::socket::bind_unix;
pub use self::{
    drain::{Drain, DrainHandle},
    entrance::Entrance,
    limits::Limits,
    listen::serve,
    places::Places,
    socket::{Address, Listener, bind},
    upload::{Upload, UploadLayer},
};
