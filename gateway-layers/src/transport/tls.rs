use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::Protocol;

/// What to trust, and under which name, before it becomes a rustls configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsOptions {
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) server_name: Option<String>,
}

/// The configurations a client connects with; two, because an upgrade needs HTTP/1.1 whatever the
/// server would prefer.
#[derive(Clone)]
pub(super) struct Tls {
    preferred: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

impl Tls {
    pub(super) fn new(options: &TlsOptions, protocol: Protocol) -> Result<Self, BuildError> {
        let roots = roots(options.ca_pem.as_deref())?;
        let server_name = options
            .server_name
            .clone()
            .map(|name| ServerName::try_from(name).map_err(|_| BuildError("invalid server name")))
            .transpose()?;
        let config = client_config(roots)?;
        Ok(Self {
            preferred: with_alpn(&config, protocol.alpn()),
            http1: with_alpn(&config, Protocol::Http1.alpn()),
            server_name,
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
fn client_config(roots: RootCertStore) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| BuildError("no usable TLS version"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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
