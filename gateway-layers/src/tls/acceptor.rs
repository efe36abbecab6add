use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{ServerConfig, server::Acceptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_rustls::LazyConfigAcceptor;

use super::{
    AcceptError, Certificate, CertificateInfo, ClientAuth, MinVersion, TlsError, TlsStream, Watch,
    certificate::Pem,
    settings::{Fingerprint, Material, Settings},
    table::Resolver,
};

/// Ends TLS on connections of any kind. A clone is a reference count and shares everything.
///
/// See the [module docs](crate::tls) for an example.
#[derive(Clone)]
pub struct TlsAcceptor {
    shared: Arc<Shared>,
}

struct Shared {
    state: ArcSwap<State>,
    handshakes: Semaphore,
    /// One change at a time: two would each keep half of what the other wrote.
    turn: Mutex<()>,
}

/// What a new connection begins with.
#[derive(Clone)]
struct State {
    settings: Settings,
    config: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    fingerprint: Fingerprint,
}

impl State {
    fn new(settings: Settings) -> Result<Self, TlsError> {
        let material = Material::read(&settings)?;
        let resolver = Arc::new(Resolver {
            table: ArcSwap::from_pointee(material.table(&settings)?),
        });
        let config = material.config(&settings, Arc::clone(&resolver))?;
        Ok(Self {
            config: Arc::new(config),
            resolver,
            fingerprint: material.fingerprint(),
            settings,
        })
    }
}

impl TlsAcceptor {
    /// Configures an acceptor. It needs a [`certificate`](TlsAcceptorBuilder::certificate).
    #[must_use]
    pub fn builder() -> TlsAcceptorBuilder {
        TlsAcceptorBuilder {
            settings: Settings::default(),
        }
    }

    /// Does the handshake.
    ///
    /// A connection that says nothing costs its socket and a timer; only one that has sent a whole
    /// `ClientHello` takes one of the places for
    /// [concurrent handshakes](TlsAcceptorBuilder::max_handshakes).
    ///
    /// # Errors
    ///
    /// If the client does not speak TLS, wants what is not offered, has no certificate that is
    /// accepted where one is required, goes away, or takes too long.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection.
    pub async fn accept<IO>(&self, io: IO) -> Result<TlsStream<IO>, AcceptError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let state = self.shared.state.load_full();
        let deadline = Instant::now() + state.settings.handshake_timeout;
        let handshake = async {
            let started = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
            // Never closed, so there is always a place in the end.
            let _place = self.shared.handshakes.acquire().await;
            started.into_stream(Arc::clone(&state.config)).await
        };
        match timeout_at(deadline, handshake).await {
            Err(_) => Err(AcceptError::Timeout),
            Ok(Err(error)) => Err(AcceptError::Handshake(error)),
            Ok(Ok(stream)) => Ok(TlsStream::new(stream)),
        }
    }

    /// The certificates that new connections are shown, the default one first.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        self.shared
            .state
            .load()
            .resolver
            .table
            .load()
            .infos()
            .to_vec()
    }

    /// Reads the files again and presents what they hold to new connections; those that are open
    /// live on. Gives whether anything had changed. It reads files: call it where blocking is
    /// allowed.
    ///
    /// Sessions can still be resumed after a change of certificates, and no more after one of the
    /// client authorities: a resumed client is not verified again.
    ///
    /// # Errors
    ///
    /// If the new files cannot be used, as in the middle of being replaced; the old ones stay.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let _turn = self
            .shared
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let state = self.shared.state.load_full();
        let material = Material::read(&state.settings)?;
        let fingerprint = material.fingerprint();
        if fingerprint == state.fingerprint {
            return Ok(false);
        }
        let table = material.table(&state.settings)?;
        let mut next = State::clone(&state);
        if fingerprint.client_ca != state.fingerprint.client_ca {
            let config = material.config(&state.settings, Arc::clone(&state.resolver))?;
            next.config = Arc::new(config);
        }
        state.resolver.table.store(Arc::new(table));
        next.fingerprint = fingerprint;
        self.shared.state.store(Arc::new(next));
        Ok(true)
    }

    /// Takes over the settings and certificates of `other` for new connections, except for the
    /// number of concurrent handshakes. Sessions can be resumed unless something has changed.
    pub fn adopt(&self, other: &Self) {
        let _turn = self
            .shared
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (old, new) = (
            self.shared.state.load_full(),
            other.shared.state.load_full(),
        );
        let same = format!("{:?}", old.settings) == format!("{:?}", new.settings);
        if !same || old.fingerprint != new.fingerprint {
            self.shared.state.store(new);
        }
    }

    /// Calls [`reload`](Self::reload) so often, until what is returned is dropped.
    ///
    /// Files are compared by content: a certificate that an editor, a deployment or a mounted
    /// secret puts in place is found whatever its time stamp says.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn watch(&self, every: Duration) -> Watch {
        Watch::new(self.clone(), every)
    }
}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptor")
            .field("settings", &self.shared.state.load().settings)
            .finish_non_exhaustive()
    }
}

/// Builder of [`TlsAcceptor`].
#[derive(Clone, Debug)]
pub struct TlsAcceptorBuilder {
    settings: Settings,
}

impl TlsAcceptorBuilder {
    /// Adds a certificate. Clients get the one for the name they ask for (SNI), and the first if
    /// they ask for none or for one that nobody has.
    #[must_use]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.settings.certificates.push(certificate);
        self
    }

    /// Verifies client certificates against these authorities, in PEM. Defaults to asking for none.
    #[must_use]
    pub fn client_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings.client_ca = Some(Pem::Text(pem.into().into()));
        self
    }

    /// The same from a file, which [`TlsAcceptor::reload`] reads again.
    #[must_use]
    pub fn client_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.client_ca = Some(Pem::File(path.into()));
        self
    }

    /// Whether clients must have a certificate, if there are authorities for them. Defaults to
    /// [`ClientAuth::Required`].
    #[must_use]
    pub const fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.settings.client_auth = auth;
        self
    }

    /// The oldest version that is accepted. Defaults to TLS 1.2.
    #[must_use]
    pub const fn min_version(mut self, version: MinVersion) -> Self {
        self.settings.min_version = version;
        self
    }

    /// The protocols to choose from (ALPN, RFC 7301), the preferred one first. Defaults to `h2` and
    /// `http/1.1`.
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.settings.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Whether clients may resume sessions, which saves a round trip and a signature. Defaults to
    /// `true`: by tickets whose keys rotate every six hours, or from a cache in TLS 1.2. Early data
    /// is never taken, since it can be replayed.
    #[must_use]
    pub const fn resumption(mut self, resumption: bool) -> Self {
        self.settings.resumption = resumption;
        self
    }

    /// How long a handshake may take, from the first byte waited for. Defaults to 10 s.
    #[must_use]
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.settings.handshake_timeout = timeout;
        self
    }

    /// How many handshakes go on at a time; more wait within their timeout. Defaults to 1024, and is
    /// at least 1.
    #[must_use]
    pub const fn max_handshakes(mut self, max: usize) -> Self {
        self.settings.max_handshakes = max;
        self
    }

    /// Reads what is in files, and builds the acceptor.
    ///
    /// # Errors
    ///
    /// If there is no certificate, one cannot be read or is not the key's, or the client
    /// authorities cannot be used: then nobody is let in, rather than everybody.
    pub fn build(self) -> Result<TlsAcceptor, TlsError> {
        let handshakes = self
            .settings
            .max_handshakes
            .clamp(1, Semaphore::MAX_PERMITS);
        Ok(TlsAcceptor {
            shared: Arc::new(Shared {
                handshakes: Semaphore::new(handshakes),
                state: ArcSwap::from_pointee(State::new(self.settings)?),
                turn: Mutex::new(()),
            }),
        })
    }
}
