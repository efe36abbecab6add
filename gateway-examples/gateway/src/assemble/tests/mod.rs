//! The whole gateway in process, on real sockets.

mod input;
mod lifecycle;
mod support;
