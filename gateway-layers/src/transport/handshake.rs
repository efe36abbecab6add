//! From a byte stream to a connection that takes requests, with its task.

use std::{sync::Arc, time::Duration};

use hyper::client::conn;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{
    driver::H2Driver,
    error::{Error, Reason},
    pool::{H1, H2, Streams},
    stream::Stream,
};

pub(super) async fn http1(stream: Stream) -> Result<H1, Error> {
    let (sender, conn) = conn::http1::Builder::new()
        .max_header_size(MAX_HEAD)
        .max_buf_size(READ_BUFFER)
        .handshake(stream)
        .await
        .map_err(|error| Error::new(Reason::Connect, error))?;
    Ok(H1::new(sender, Box::new(conn)))
}

pub(super) async fn http2(stream: Stream) -> Result<H2, Error> {
    let (sender, conn) = conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .handshake(stream)
        .await
        .map_err(|error| Error::new(Reason::Connect, error))?;
    let streams = Arc::new(Streams::new(conn.current_max_send_streams()));
    spawn(H2Driver::new(conn, Arc::clone(&streams)));
    Ok(H2 { sender, streams })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a connection's task ends with its connection, which ends with the pool; the reaper \
              holds the pool weakly and ends with it"
)]
pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// A response head larger than this is an upstream gone wrong.
const MAX_HEAD: usize = 64 * 1024;
/// What a slow reader makes the gateway hold of an HTTP/1 response; hyper's default is 400 KiB.
const READ_BUFFER: usize = 128 * 1024;
/// What a slow reader makes the gateway hold per stream, and per connection.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
