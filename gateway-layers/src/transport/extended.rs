//! Extended `CONNECT` (RFC 8441), which opens a tunnel inside of an HTTP/2 connection.

use std::{sync::Arc, time::Duration};

use gateway_core::{Body, Request, Response};

use super::{
    error::{Error, Failed, Reason},
    form,
    origin::{Conn, Inner, Origin},
    pool::{H2, StreamGuard},
    sending::unwritten,
};

/// The stream of a tunnel, to be kept while the tunnel is open: a response extension.
#[derive(Clone, Debug)]
pub(crate) struct OpenStream(
    #[expect(dead_code, reason = "it counts until it is dropped")] Arc<StreamGuard>,
);

impl Origin {
    /// Sends an extended `CONNECT` (RFC 8441) over HTTP/2; the answer 200 can be upgraded.
    ///
    /// # Errors
    ///
    /// [`Failed`], with the request if it may be sent again. [`Error::kind`] is `NotImplemented` if
    /// the server does not offer it.
    pub(crate) async fn send_extended(self, mut request: Request) -> Result<Response, Failed> {
        let conn = match self.inner.offering_extended_connect().await {
            Ok(conn) => conn,
            Err(error) => return Err(Failed::unsent(error, request)),
        };
        form::to_absolute(&mut request, self.inner.uri());
        let mut sender = conn.sender.clone();
        let stream = conn.streams.open();
        match sender.try_send_request(request).await {
            Ok(mut response) => {
                response
                    .extensions_mut()
                    .insert(OpenStream(Arc::new(stream)));
                Ok(response.map(Body::new))
            }
            Err(refused) => {
                self.inner.forget(&conn);
                let (request, error) = unwritten(refused)?;
                Err(Failed::unsent(error, request))
            }
        }
    }
}

impl Inner {
    /// A multiplexed connection whose server offers extended `CONNECT`. The offer is in its settings,
    /// which a fresh connection has still to receive.
    async fn offering_extended_connect(self: &Arc<Self>) -> Result<H2, Error> {
        let conn = match self.pooled(false) {
            Some(Conn::H2(conn)) => conn,
            _ => match self.connect_in_time(false).await? {
                Conn::H2(conn) => conn,
                Conn::H1(_) => return Err(Error::bare(Reason::NotOffered)),
            },
        };
        let mut waited = Duration::ZERO;
        while !conn.streams.offers_extended_connect() {
            if waited >= SETTINGS_WITHIN || conn.sender.is_closed() {
                return Err(Error::bare(Reason::NotOffered));
            }
            conn.streams.refresh();
            tokio::time::sleep(SETTINGS_EVERY).await;
            waited += SETTINGS_EVERY;
        }
        Ok(conn)
    }
}

/// A server's settings are the first thing it sends.
const SETTINGS_WITHIN: Duration = Duration::from_millis(500);
const SETTINGS_EVERY: Duration = Duration::from_millis(5);
