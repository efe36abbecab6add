//! A plain HTTP upstream.
//!
//! | route | answers |
//! |---|---|
//! | `/items`, `/items/{id}`, `/orders`, `/orders/{id}` | a small shop, JSON |
//! | `/echo`, `/echo/…` | any method: method, path, query, headers, trailers, length, SHA-256 and text of the body |
//! | `/status/{code}` | that status |
//! | `/slow/{ms}` | after so long |
//! | `/stream/{n}?pace=ms` | `n` server-sent events, one every 10 ms unless a pace is given |
//! | `/bytes/{n}` | `n` bytes, of a known length |
//! | `/trailers` | a chunked body, and the trailer `x-sha256` |
//! | `/cache/{ttl}?cc=…&vary=…` | JSON that may be kept for `ttl` seconds, with validators; 304 where one matches |
//! | `/ws` | WebSocket echo |
//! | `/upgrade` | `Upgrade: echo`: every byte comes back |
//! | `/healthz` | `ok` |
//!
//! Every answer names the server in `x-replica`. Faults and counters are those of all doubles; a
//! fault in a body cuts it half-way, for here are no tokens to count.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use gateway::doubles;
//! use gateway::doubles::upstream::UpstreamServer;
//!
//! let flaky = UpstreamServer::new("shop-3");
//! flaky.faults().set("latency=300ms,every=2".parse().expect("a fault"));
//! let serving = doubles::spawn(flaky.router()).await?;
//! # drop(serving); Ok(()) }
//! ```

mod cached;
mod echo;
mod plain;
mod server;
mod shop;
#[cfg(test)]
mod tests;
mod upgrade;
mod websocket;

pub use self::server::UpstreamServer;
