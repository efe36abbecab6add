use std::{num::NonZeroU32, time::Duration};

use gateway_layers::client_ip::Cidr;

/// What a connection may cost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request head, 8 KiB at least. Beyond it: 431.
    pub header_bytes: usize,
    /// Header fields of a request. Beyond it: 431.
    pub headers: usize,
    /// Bytes of a request's path and query. Beyond it: 414.
    pub uri_bytes: usize,
    /// Time for a request head, from its first byte; also from accepting to the first byte.
    pub header_timeout: Duration,
    /// How long a kept-alive connection may be quiet, and a client may take nothing of an answer.
    pub idle: Duration,
    /// Open connections of all listeners that share [`Places`](super::Places). Beyond it, new ones
    /// wait in the listen queue.
    pub max_connections: usize,
    /// Open connections of one address, or of one /64 in IPv6. Beyond it, new ones are closed.
    pub max_connections_per_ip: Option<NonZeroU32>,
    /// Whose connections are not counted: proxies in front have those of all their clients.
    pub uncounted: Vec<Cidr>,
    /// Concurrent HTTP/2 streams of one connection.
    pub max_streams: u32,
    /// Whether interim answers, `102` and `103`, are written to HTTP/1.1 clients.
    pub interim: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 << 10,
            headers: 100,
            uri_bytes: 8 << 10,
            header_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            max_connections: 20_000,
            max_connections_per_ip: None,
            uncounted: Vec::new(),
            max_streams: 200,
            interim: false,
        }
    }
}
