//! Sessions of OpenAI's Realtime API, over WebSockets.

mod answer;
mod connection;
mod session;
#[cfg(test)]
mod tests;

pub(super) use self::connection::open;
