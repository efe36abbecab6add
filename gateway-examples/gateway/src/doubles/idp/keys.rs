//! Signing keys, made anew for every provider.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::Header;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::jwk::PublicKeyUse;
use serde_json::Value;

/// One key of each algorithm.
#[derive(Clone)]
pub(super) struct KeyPairs {
    rsa: Key,
    ec: Key,
}

#[derive(Clone)]
struct Key {
    id: String,
    algorithm: Algorithm,
    private: EncodingKey,
    public: Jwk,
}

impl KeyPairs {
    /// New keys of this generation, which their ids tell.
    pub(super) fn generate(generation: u64) -> Self {
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)
            .and_then(|pair| pair.as_der())
            .expect("RSA keys of 2048 bits can be generated");
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .expect("P-256 keys can be generated");
        let rsa = EncodingKey::from_rsa_pem(pem(rsa.as_ref()).as_bytes())
            .expect("PKCS #8 in PEM is what an RSA key is read from");
        let ec = EncodingKey::from_ec_der(ec.as_ref());
        Self {
            rsa: Key::new(format!("rsa-{generation}"), Algorithm::RS256, rsa),
            ec: Key::new(format!("ec-{generation}"), Algorithm::ES256, ec),
        }
    }

    /// Signs claims with the key of `algorithm`: ES256, or RS256 for anything else.
    pub(super) fn sign(&self, algorithm: Algorithm, claims: &Value) -> String {
        let key = if algorithm == Algorithm::ES256 {
            &self.ec
        } else {
            &self.rsa
        };
        let mut header = Header::new(key.algorithm);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, claims, &key.private).expect("a generated key signs")
    }

    pub(super) fn public(&self) -> [&Jwk; 2] {
        [&self.rsa.public, &self.ec.public]
    }
}

impl Key {
    fn new(id: String, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut public =
            Jwk::from_encoding_key(&private, algorithm).expect("a generated key has a public half");
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Self {
            id,
            algorithm,
            private,
            public,
        }
    }
}

/// The PEM form of a PKCS #8 key. Of DER, jsonwebtoken takes an RSA key in PKCS #1 only.
fn pem(pkcs8: &[u8]) -> String {
    let mut text = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    for line in STANDARD.encode(pkcs8).as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}
