use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use super::error::{Part, TlsError};

/// A certificate with its chain and key, in PEM, from memory or from files.
#[derive(Clone)]
pub struct Certificate {
    chain: Pem,
    key: Pem,
    hosts: Vec<String>,
}

#[derive(Clone)]
pub(super) enum Pem {
    Text(Arc<[u8]>),
    File(PathBuf),
}

impl Pem {
    pub(super) fn read(&self) -> Result<Arc<[u8]>, String> {
        match self {
            Self::Text(text) => Ok(Arc::clone(text)),
            Self::File(path) => match fs::read(path) {
                Ok(text) => Ok(text.into()),
                Err(error) => Err(format!("`{}`: {error}", path.display())),
            },
        }
    }
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("in memory"),
            Self::File(path) => path.fmt(f),
        }
    }
}

impl Certificate {
    /// The chain, leaf first, and the key.
    pub fn from_pem(chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self {
            chain: Pem::Text(chain.into().into()),
            key: Pem::Text(key.into().into()),
            hosts: Vec::new(),
        }
    }

    /// The same from files, which [`TlsAcceptor::reload`](super::TlsAcceptor::reload) reads again.
    pub fn from_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            chain: Pem::File(chain.into()),
            key: Pem::File(key.into()),
            hosts: Vec::new(),
        }
    }

    /// The names it is for: `example.com`, `*.example.com`. Defaults to those it has.
    #[must_use]
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// The texts, for a look at whether they have changed.
    pub(super) fn read(&self, index: usize) -> Result<Text, TlsError> {
        let chain = self.chain.read();
        let key = self.key.read();
        Ok(Text {
            chain: chain.map_err(|error| TlsError::new(Part::Certificate(index), error))?,
            key: key.map_err(|error| TlsError::new(Part::Key(index), error))?,
        })
    }

    pub(super) fn load(
        &self,
        index: usize,
        text: &Text,
        provider: &CryptoProvider,
    ) -> Result<Loaded, TlsError> {
        let of_chain = |what: &str| TlsError::new(Part::Certificate(index), what);
        let of_key = |what: &str| TlsError::new(Part::Key(index), what);
        let chain = CertificateDer::pem_slice_iter(&text.chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| of_chain("malformed PEM"))?;
        let leaf = chain
            .first()
            .ok_or_else(|| of_chain("no certificate in it"))?;
        let mut info = CertificateInfo::read(leaf).ok_or_else(|| of_chain("not a certificate"))?;
        if !self.hosts.is_empty() {
            info.hosts = self.hosts.iter().map(|host| lower(host)).collect();
        }
        let key = PrivateKeyDer::from_pem_slice(&text.key)
            .map_err(|_| of_key("no private key in it: PKCS#8, PKCS#1 or SEC1 in PEM"))?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => of_key("not the key of this certificate"),
            _ => of_key("unusable: RSA of 2048 bits, ECDSA on P-256 or P-384, or Ed25519"),
        })?;
        Ok(Loaded {
            key: Arc::new(key),
            info,
        })
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("chain", &self.chain)
            .field("key", &self.key)
            .field("hosts", &self.hosts)
            .finish()
    }
}

pub(super) struct Text {
    pub(super) chain: Arc<[u8]>,
    pub(super) key: Arc<[u8]>,
}

#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) info: CertificateInfo,
}

/// What is known about a certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateInfo {
    /// The names it is presented for.
    pub hosts: Vec<String>,
    /// From when on it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid.
    pub not_after: SystemTime,
}

impl CertificateInfo {
    fn read(leaf: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or(&[][..], |names| &names.value.general_names);
        let hosts: Vec<_> = names
            .iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(lower(name)),
                _ => None,
            })
            .collect();
        let validity = certificate.validity();
        Some(Self {
            hosts,
            not_before: time(validity.not_before.timestamp()),
            not_after: time(validity.not_after.timestamp()),
        })
    }
}

fn lower(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn time(unix: i64) -> SystemTime {
    let since = Duration::from_secs(unix.unsigned_abs());
    match unix >= 0 {
        true => SystemTime::UNIX_EPOCH + since,
        false => SystemTime::UNIX_EPOCH - since,
    }
}
