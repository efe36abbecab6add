use std::fmt::{self, Write as _};

use gateway_core::{Identity, context::IdentityKind};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _, x509::X509Name,
};

/// The client certificate of a connection: a request extension that the server inserts.
///
/// Whoever terminates TLS verifies it – [`tls`](crate::tls) does – and only then inserts this: the
/// layer believes it. Reading it is done once a connection; a clone is a reference count.
#[derive(Clone)]
pub struct ClientCertificate {
    identity: Identity,
}

/// The bytes are not a certificate, or the certificate names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CertificateError(&'static str);

impl ClientCertificate {
    /// Reads a verified certificate, the leaf alone, in DER.
    ///
    /// Its holder is the first of its alternative names, a URI (as SPIFFE has it) before a DNS name
    /// before an e-mail address, or else the common name; RFC 6125 §6.4.4 has the common name last.
    ///
    /// # Errors
    ///
    /// If it is malformed, has an extension twice, or has none of these names.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError("not a certificate"))?;
        if !rest.is_empty() {
            return Err(CertificateError("bytes after the certificate"));
        }
        let subject = holder(&certificate)?;
        let issuer = certificate.issuer().to_string();
        let identity = Identity::new(IdentityKind::Certificate, &issuer, &subject);
        Ok(Self {
            identity: identity.with_claims(claims(&certificate, der)),
        })
    }

    /// Who it names.
    ///
    /// The issuer is the distinguished name of the authority that signed it. The claims are `dn`,
    /// `serial` and `fingerprint`, the last two in hexadecimal, the fingerprint being the SHA-256 of
    /// the whole (`x5t#S256` of RFC 8705, in another spelling).
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientCertificate")
            .field(&self.identity)
            .finish()
    }
}

fn holder(certificate: &X509Certificate<'_>) -> Result<String, CertificateError> {
    let alternative = certificate
        .subject_alternative_name()
        .map_err(|_| CertificateError("malformed alternative names"))?;
    let names = alternative.map_or(&[][..], |names| &names.value.general_names);
    let uri = names.iter().find_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let dns = names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let email = names.iter().find_map(|name| match name {
        GeneralName::RFC822Name(address) => Some(*address),
        _ => None,
    });
    uri.or(dns)
        .or(email)
        .or_else(|| common_name(certificate.subject()))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .ok_or(CertificateError("the certificate names nobody"))
}

fn common_name<'a>(name: &'a X509Name<'_>) -> Option<&'a str> {
    name.iter_common_name().next()?.as_str().ok()
}

fn claims(certificate: &X509Certificate<'_>, der: &[u8]) -> Map<String, Value> {
    let text = |name: &str, value: String| (name.to_owned(), Value::String(value));
    [
        text("dn", certificate.subject().to_string()),
        text("serial", hex(certificate.raw_serial())),
        text("fingerprint", hex(&Sha256::digest(der))),
    ]
    .into_iter()
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    use super::*;

    pub(in crate::client_cert) fn made(
        common_name: Option<&str>,
        names: Vec<SanType>,
    ) -> Result<ClientCertificate, CertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        ClientCertificate::from_der(certificate.der())
    }

    #[test]
    fn the_holder_is_the_most_precise_name() {
        let uri = || SanType::URI("spiffe://example/orders".try_into().unwrap());
        let dns = || SanType::DnsName("orders.example".try_into().unwrap());
        let email = || SanType::Rfc822Name("ops@example.com".try_into().unwrap());
        for (names, subject) in [
            (vec![email(), dns(), uri()], "spiffe://example/orders"),
            (vec![email(), dns()], "orders.example"),
            (vec![email()], "ops@example.com"),
            (vec![], "orders"),
        ] {
            let certificate = made(Some("orders"), names).unwrap();
            assert_eq!(certificate.identity().subject(), subject);
            assert_eq!(certificate.identity().kind(), IdentityKind::Certificate);
            assert_eq!(certificate.identity().issuer(), "CN=orders");
        }
        let claims = made(Some("orders"), vec![]).unwrap();
        let fingerprint = claims.identity().claim("fingerprint").unwrap();
        assert_eq!(fingerprint.as_str().unwrap().len(), 64);
        assert_eq!(claims.identity().claim("dn").unwrap(), "CN=orders");
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        assert!(made(None, vec![]).is_err());
        assert!(made(Some(""), vec![]).is_err());
        assert!(ClientCertificate::from_der(b"").is_err());
        assert!(ClientCertificate::from_der(&[0x30, 0x82, 0xff, 0xff]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn bytes_never_panic(bytes: Vec<u8>) {
            let _ = ClientCertificate::from_der(&bytes);
        }
    }
}
