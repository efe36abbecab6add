use std::{convert::Infallible, io, sync::Arc, time::Duration};

use gateway_core::{Request, Response};
use tower_service::Service;

use super::{Drain, Entrance, Limits, Listener, Places, connection, entrance::Client, io::Socket};

/// Accepts connections and serves each until the drain has started.
///
/// A failed `accept` – out of file descriptors, usually – pauses for a moment instead of spinning:
/// connections that end meanwhile make room.
pub async fn serve<S>(
    listener: Listener,
    entrance: Entrance,
    service: S,
    limits: Limits,
    places: Places,
    mut drain: Drain,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let shared = Arc::new((entrance, limits, places));
    let places = &shared.2;
    loop {
        let accepted = tokio::select! {
            biased;
            () = drain.started() => break,
            accepted = accept(&listener, places) => accepted,
        };
        let (socket, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (service, shared, drain) = (service.clone(), Arc::clone(&shared), drain.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "a connection's task: its `Drain` is awaited by `DrainHandle::wait`"
        )]
        tokio::spawn(async move {
            let (entrance, limits, places) = &*shared;
            let mut ending = drain.clone();
            let passed = tokio::select! {
                passed = entrance.pass(socket, client, places.crowd()) => passed,
                () = ending.started() => None,
            };
            drop(ending);
            if let Some((io, client)) = passed {
                connection::serve(io, client, service, limits, drain).await;
            }
        });
    }
    // Before its end of the drain: once that is complete the process may be gone, and the file of a
    // socket would stay.
    drop(listener);
}

type Accepted = (Socket, Client);

/// The socket first: a listener that has nobody to serve must not keep a place from the others.
async fn accept(listener: &Listener, places: &Places) -> io::Result<Accepted> {
    let (socket, peer) = listener.accept().await?;
    Ok((socket, Client::new(peer, places.take().await)))
}

const PAUSE: Duration = Duration::from_millis(20);
