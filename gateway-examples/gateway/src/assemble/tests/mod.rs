//! The whole gateway in process, on real sockets.

mod input;
mod layers;
mod lifecycle;
mod support;
