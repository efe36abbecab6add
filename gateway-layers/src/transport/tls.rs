use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
    version,
};

use super::Protocol;

/// What to trust, and under which name, before it becomes a rustls configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsOptions {
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) server_name: Option<String>,
    pub(super) client_pem: Option<ClientPem>,
    pub(super) tls13_only: bool,
    pub(super) any_certificate: bool,
}

/// What to show to servers that ask who calls.
#[derive(Clone)]
pub(super) struct ClientPem {
    pub(super) chain: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl fmt::Debug for ClientPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPem").finish_non_exhaustive()
    }
}

/// The configurations a client connects with; two, because an upgrade needs HTTP/1.1 whatever the
/// server would prefer.
#[derive(Clone)]
pub(super) struct Tls {
    preferred: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    client_auth: bool,
    tls13: bool,
    any: bool,
}

impl Tls {
    pub(super) fn new(options: &TlsOptions, protocol: Protocol) -> Result<Self, BuildError> {
        let roots = roots(options.ca_pem.as_deref())?;
        let server_name = options
            .server_name
            .clone()
            .map(|name| ServerName::try_from(name).map_err(|_| BuildError("invalid server name")))
            .transpose()?;
        let config = client_config(roots, options)?;
        Ok(Self {
            preferred: with_alpn(&config, protocol.alpn()),
            http1: with_alpn(&config, Protocol::Http1.alpn()),
            server_name,
            client_auth: options.client_pem.is_some(),
            tls13: options.tls13_only,
            any: options.any_certificate,
        })
    }

    pub(super) fn config(&self, http1: bool) -> Arc<ClientConfig> {
        Arc::clone(if http1 { &self.http1 } else { &self.preferred })
    }

    /// The name the certificate must have.
    pub(super) fn server_name(&self, host: &str) -> Option<ServerName<'static>> {
        if let Some(name) = &self.server_name {
            return Some(name.clone());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host.to_owned()).ok()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .field("client_auth", &self.client_auth)
            .field("tls13", &self.tls13)
            .field("any", &self.any)
            .finish_non_exhaustive()
    }
}

fn roots(ca_pem: Option<&[u8]>) -> Result<RootCertStore, BuildError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = ca_pem else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| BuildError("malformed CA certificate"))?;
        roots
            .add(certificate)
            .map_err(|_| BuildError("unusable CA certificate"))?;
    }
    if roots.is_empty() {
        return Err(BuildError("no certificate in the CA file"));
    }
    Ok(roots)
}

/// With an explicit provider: the process-wide default belongs to the application, and panics when
/// two are compiled in.
fn client_config(roots: RootCertStore, options: &TlsOptions) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: &[_] = match options.tls13_only {
        true => &[&version::TLS13],
        false => &[&version::TLS13, &version::TLS12],
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|_| BuildError("no usable TLS version"))?;
    let builder = match options.any_certificate {
        false => builder.with_root_certificates(roots),
        true => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider))),
    };
    let Some(pem) = &options.client_pem else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = CertificateDer::pem_slice_iter(&pem.chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| BuildError("malformed client certificate"))?;
    if chain.is_empty() {
        return Err(BuildError(
            "no certificate in the client certificate's file",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&pem.key)
        .map_err(|_| BuildError("no private key in the client key"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| BuildError("the client key is not that of the client certificate"))
}

/// Believes whatever a server says about itself. Its signature is still verified, so that it has at
/// least the key of what it shows.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn with_alpn(config: &ClientConfig, alpn: &[&[u8]]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub(super) &'static str);
