//! Serving a double on a socket.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use http::Request;
use http::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tower::Service;

use super::playback::Hangup;

/// Serves `router` on `listener`: HTTP/1.1 with upgrades, and HTTP/2 by prior knowledge.
///
/// Dropping the future closes the listener and every open connection, which is how a test kills an
/// upstream in the middle of an answer. Connections that have switched protocols are no longer
/// HTTP's and end with their client.
///
/// # Errors
///
/// Fails when the listener does; a failing connection only ends itself.
pub async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                Err(error) if is_transient(&error) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Serves `router` on a free loopback port for as long as the returned guard lives.
///
/// # Errors
///
/// Fails when no loopback port can be bound.
pub async fn spawn(router: Router) -> io::Result<Serving> {
    spawn_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, router)
}

/// Serves `router` on `listener` for as long as the returned guard lives.
///
/// # Errors
///
/// Fails when the listener has no address.
pub fn spawn_on(listener: TcpListener, router: Router) -> io::Result<Serving> {
    let addr = listener.local_addr()?;
    #[expect(clippy::disallowed_methods, reason = "`Serving` aborts it on drop")]
    let task = tokio::spawn(serve(listener, router));
    Ok(Serving { addr, task })
}

/// A double that is being served; dropping it closes its listener and its connections.
#[derive(Debug)]
#[must_use = "the double stops when this is dropped"]
pub struct Serving {
    addr: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDR`, with no trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(stream: TcpStream, router: Router) {
    // Without this a paced stream of small frames is held back by Nagle's algorithm.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        async move { hang_up(router.call(request).await) }
    });
    // The peer going away mid-answer is what many tests do on purpose.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}

/// Turns the mark of a hang-up into an error, upon which hyper closes the connection unanswered.
fn hang_up<E>(answer: Result<Response<Body>, E>) -> Result<Response<Body>, Hangup> {
    let response = answer.map_err(|_| Hangup)?;
    match response.extensions().get::<Hangup>() {
        Some(_) => Err(Hangup),
        None => Ok(response),
    }
}

/// Whether accepting may go on: the peer gave up, or descriptors ran out for a moment.
fn is_transient(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    ) || error.raw_os_error() == Some(EMFILE)
}
