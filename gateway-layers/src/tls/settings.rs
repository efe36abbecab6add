use std::{fmt::Write as _, sync::Arc, time::Duration};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject as _},
    server::{NoServerSessionStorage, ServerSessionMemoryCache, WebPkiClientVerifier},
    version,
};
use sha2::{Digest as _, Sha256};

use super::{
    certificate::{Certificate, Pem, Text},
    error::{Part, TlsError},
    table::{Resolver, Table},
};

/// The oldest version of TLS that is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MinVersion {
    /// TLS 1.2 (RFC 5246), with forward secrecy and authenticated encryption only.
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl MinVersion {
    pub(crate) const fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12 => BOTH,
            Self::Tls13 => NEWEST,
        }
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const NEWEST: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// Whether clients must have a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// The handshake fails without one.
    #[default]
    Required,
    /// It may be missing; if it is there, it must be good.
    Optional,
}

/// All that a builder was told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) certificates: Vec<Certificate>,
    pub(super) client_ca: Option<Pem>,
    pub(super) client_auth: ClientAuth,
    pub(super) min_version: MinVersion,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) resumption: bool,
    pub(super) handshake_timeout: Duration,
    pub(super) max_handshakes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            certificates: Vec::new(),
            client_ca: None,
            client_auth: ClientAuth::Required,
            min_version: MinVersion::Tls12,
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            resumption: true,
            handshake_timeout: Duration::from_secs(10),
            max_handshakes: 1024,
        }
    }
}

/// What the files say at one moment.
pub(super) struct Material {
    texts: Vec<Text>,
    client_ca: Option<Arc<[u8]>>,
}

impl Material {
    pub(super) fn read(settings: &Settings) -> Result<Self, TlsError> {
        if settings.certificates.is_empty() {
            return Err(TlsError::new(
                Part::Certificate(0),
                "there is no certificate",
            ));
        }
        let texts = settings.certificates.iter().enumerate();
        let client_ca = settings.client_ca.as_ref().map(Pem::read).transpose();
        Ok(Self {
            texts: texts
                .map(|(index, certificate)| certificate.read(index))
                .collect::<Result<_, _>>()?,
            client_ca: client_ca.map_err(|error| TlsError::new(Part::ClientCa, error))?,
        })
    }

    /// Tells material apart without keeping keys for it.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut certificates = Sha256::new();
        for text in &self.texts {
            for part in [&text.chain, &text.key] {
                certificates.update(part.len().to_be_bytes());
                certificates.update(part);
            }
        }
        let client_ca = self
            .client_ca
            .as_ref()
            .map(|pem| Sha256::digest(pem).into());
        Fingerprint {
            certificates: certificates.finalize().into(),
            client_ca,
        }
    }

    pub(super) fn table(&self, settings: &Settings) -> Result<Table, TlsError> {
        let provider = aws_lc_rs::default_provider();
        let pairs = settings.certificates.iter().zip(&self.texts).enumerate();
        let loaded =
            pairs.map(|(index, (certificate, text))| certificate.load(index, text, &provider));
        Ok(Table::new(loaded.collect::<Result<_, _>>()?))
    }

    /// With an explicit provider: the process-wide default belongs to the application, and panics
    /// when two are compiled in.
    pub(super) fn config(
        &self,
        settings: &Settings,
        resolver: Arc<Resolver>,
    ) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(settings.min_version.supported())
            .expect("the provider has suites for these versions");
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                builder.with_client_cert_verifier(verifier(pem, settings.client_auth, provider)?)
            }
        };
        let mut config = builder.with_cert_resolver(resolver);
        config.alpn_protocols.clone_from(&settings.alpn);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        if settings.resumption {
            config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
            config.send_tls13_tickets = 2;
            // Without tickets each resumption needs state of ours; without randomness there are none.
            if let Ok(ticketer) = aws_lc_rs::Ticketer::new() {
                config.ticketer = ticketer;
            }
        }
        Ok(config)
    }
}

fn verifier(
    pem: &[u8],
    auth: ClientAuth,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    let fail = |what: &str| TlsError::new(Part::ClientCa, what);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| fail("malformed PEM"))?;
        roots
            .add(certificate)
            .map_err(|_| fail("a certificate in it cannot be used"))?;
    }
    if roots.is_empty() {
        return Err(fail("no certificate in it"));
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match auth {
        ClientAuth::Required => builder,
        ClientAuth::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|error| fail(&error.to_string()))
}

/// Of the files as they were last read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) certificates: [u8; 32],
    pub(super) client_ca: Option<[u8; 32]>,
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in &self.certificates[..4] {
            write!(f, "{byte:02x}")?;
        }
        f.write_char('…')
    }
}

/// TLS 1.2 sessions by identifier, for clients that do not take tickets.
const SESSIONS: usize = 4096;
