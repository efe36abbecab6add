use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use gateway_core::{Request, Response};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tower_service::Service;

use super::{Drain, Limits, connection};

/// Opens a listening socket.
///
/// A restart takes over an address whose old connections linger (`SO_REUSEADDR`); two gateways on
/// one address are an error.
///
/// # Errors
///
/// If the address is in use or not one of this machine.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections and serves each until the drain has started.
///
/// A failed `accept` – out of file descriptors, usually – pauses for a moment instead of spinning:
/// connections that end meanwhile make room.
pub async fn serve<S>(listener: TcpListener, service: S, limits: Limits, mut drain: Drain)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let limits = Arc::new(limits);
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    loop {
        let accepted = tokio::select! {
            biased;
            () = drain.started() => return,
            accepted = accept(&listener, &slots) => accepted,
        };
        let (stream, peer, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (service, limits, drain) = (service.clone(), Arc::clone(&limits), drain.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "a connection's task: its `Drain` is awaited by `DrainHandle::wait`"
        )]
        tokio::spawn(async move {
            connection::serve(stream, peer, service, &limits, drain).await;
            drop(slot);
        });
    }
}

type Accepted = (
    tokio::net::TcpStream,
    std::net::SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
);

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<Accepted> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // An answer's last segment must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    Ok((stream, peer, slot))
}

/// Connections that wait to be accepted; the kernel caps it at `somaxconn`.
const BACKLOG: u32 = 4096;
const PAUSE: Duration = Duration::from_millis(20);
