//! The least that makes a reverse proxy: `cargo run --example plain_proxy --features proxy -- LISTEN UPSTREAM`.
//!
//! ```text
//! plain_proxy 127.0.0.1:8080 http://127.0.0.1:9001
//! ```
//!
//! One thread serves all connections, which is also what makes it fit for counting instructions.
#![expect(clippy::print_stdout, reason = "a program says where it listens")]

use gateway_layers::proxy::Proxy;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, task::LocalSet};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (args.next(), args.next()) else {
        return Err("usage: plain_proxy LISTEN UPSTREAM".into());
    };
    let proxy = Proxy::new(&upstream)?;
    let listener = TcpListener::bind(listen).await?;
    println!("listening http://{}", listener.local_addr()?);
    LocalSet::new().run_until(serve(listener, proxy)).await
}

/// A connection that fails ends alone: what went wrong is between its two ends.
async fn serve(listener: TcpListener, proxy: Proxy) -> Result<(), BoxError> {
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(proxy.clone()))
            .with_upgrades();
        drop(tokio::task::spawn_local(connection));
    }
}
