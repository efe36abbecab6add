use rcgen::{CertificateParams, DnType, KeyPair};

use super::Certificate;

impl Certificate {
    /// A certificate made now, for development: nobody but you has a reason to trust it. It is for
    /// `hosts`, names or addresses.
    ///
    /// # Errors
    ///
    /// If a host is neither, or the system gives no randomness.
    pub fn self_signed(
        hosts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, SelfSignedError> {
        let hosts: Vec<String> = hosts.into_iter().map(Into::into).collect();
        let mut params = CertificateParams::new(hosts).map_err(SelfSignedError)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "gateway development certificate");
        let key = KeyPair::generate().map_err(SelfSignedError)?;
        let certificate = params.self_signed(&key).map_err(SelfSignedError)?;
        Ok(Self::from_pem(certificate.pem(), key.serialize_pem()))
    }
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate")]
pub struct SelfSignedError(#[source] rcgen::Error);
