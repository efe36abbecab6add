use std::fmt;

use jsonwebtoken::{DecodingKey, crypto::aws_lc};

use super::{Algorithm, jwk};

/// A key that verifies signatures, and the algorithms it may be used with.
///
/// The algorithms follow from the key – its type, its curve, its own `alg` – never from the token:
/// an RSA public key taken for an HMAC secret is the oldest forgery there is.
#[derive(Clone)]
pub struct VerifyingKey {
    id: Option<Box<str>>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl VerifyingKey {
    /// A public key in PEM: `PUBLIC KEY`, `RSA PUBLIC KEY` or a certificate.
    ///
    /// # Errors
    ///
    /// If it is none, or a private key, which has no business here.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        if pem.contains("PRIVATE KEY") {
            return Err(InvalidKey("this is a private key; give the public one"));
        }
        let pem = pem.as_bytes();
        if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            return Ok(Self::of(key, Algorithm::RSA.to_vec()));
        }
        if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            return Ok(Self::of(key, vec![Algorithm::EdDSA]));
        }
        let key = DecodingKey::from_ec_pem(pem)
            .map_err(|_| InvalidKey("not a PEM of an RSA, P-256, P-384 or Ed25519 public key"))?;
        // The content is the uncompressed point: one byte and two coordinates.
        match key.try_get_as_bytes().map(<[u8]>::len) {
            Ok(65) => Ok(Self::of(key, vec![Algorithm::ES256])),
            Ok(97) => Ok(Self::of(key, vec![Algorithm::ES384])),
            _ => Err(InvalidKey(
                "of the elliptic curves P-256 and P-384 are supported",
            )),
        }
    }

    /// A JSON Web Key (RFC 7517), public or, for `HS*`, secret.
    ///
    /// # Errors
    ///
    /// If it is malformed, of an unknown type, or not meant for verifying.
    pub fn from_jwk(json: &str) -> Result<Self, InvalidKey> {
        let value = serde_json::from_str(json).map_err(|_| InvalidKey("not a JSON object"))?;
        jwk::build(value, jwk::Secrets::Allowed)
    }

    /// A secret shared with the issuer, for one of the `HS*` algorithms.
    ///
    /// # Errors
    ///
    /// If the secret is shorter than the algorithm's hash (RFC 7518 §3.2), so that it could be
    /// guessed from one token, or the algorithm takes no secret.
    pub fn from_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, InvalidKey> {
        let least = algorithm
            .min_secret()
            .ok_or(InvalidKey("only HS256, HS384 and HS512 take a secret"))?;
        if secret.len() < least {
            return Err(InvalidKey(
                "the secret is shorter than the hash: 32 bytes for HS256, 48 for HS384, 64 for HS512",
            ));
        }
        Ok(Self::of(DecodingKey::from_secret(secret), vec![algorithm]))
    }

    /// Names the key, for tokens with a `kid`. A key without a name is tried for all.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    pub(super) const fn of(key: DecodingKey, algorithms: Vec<Algorithm>) -> Self {
        Self {
            id: None,
            algorithms,
            key,
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    pub(super) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.algorithms.contains(&algorithm) {
            return false;
        }
        // jsonwebtoken's process-wide provider panics when another crate turns on a second one;
        // its table of verifiers does not.
        let make = aws_lc::DEFAULT_PROVIDER.verifier_factory;
        make(&algorithm.foreign(), &self.key)
            .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey(pub(super) &'static str);

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidKey {}

/// The keys of one issuer.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<VerifyingKey>,
}

/// A set may hold this many keys that a token without `kid` is tried with.
const MOST_TRIED: usize = 16;

impl KeySet {
    pub(super) const fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id() == Some(id))
    }

    /// The keys that may have signed a token with this header; nothing of the token decides more.
    pub(super) fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a VerifyingKey> {
        self.keys
            .iter()
            .filter(move |key| key.algorithms().contains(&algorithm))
            .filter(move |key| id.is_none() || key.id().is_none() || key.id() == id)
            .take(MOST_TRIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_misplaced_secrets_are_refused() {
        for (bytes, algorithm) in [
            (31, Algorithm::HS256),
            (47, Algorithm::HS384),
            (63, Algorithm::HS512),
            (0, Algorithm::HS256),
            (64, Algorithm::RS256),
            (64, Algorithm::EdDSA),
        ] {
            assert!(VerifyingKey::from_secret(&vec![7; bytes], algorithm).is_err());
        }
        let secret = VerifyingKey::from_secret(&[7; 32], Algorithm::HS256).unwrap();
        assert_eq!(secret.algorithms(), [Algorithm::HS256]);
        assert!(!format!("{secret:?}").contains('7'));
    }

    #[test]
    fn junk_is_no_pem() {
        for pem in [
            "",
            "abc",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ] {
            assert!(VerifyingKey::from_pem(pem).is_err(), "{pem}");
        }
        let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        let error = VerifyingKey::from_pem(private).unwrap_err();
        assert!(error.to_string().contains("private"));
    }

    fn verifies(
        jwk: &serde_json::Value,
        algorithm: Algorithm,
        signed: &str,
        signature: &str,
    ) -> bool {
        let key = VerifyingKey::from_jwk(&jwk.to_string()).unwrap();
        let signature = crate::jwt::base64url::decode(signature.as_bytes()).unwrap();
        let changed = signed.replacen('e', "f", 1);
        assert!(!key.verify(algorithm, changed.as_bytes(), &signature));
        key.verify(algorithm, signed.as_bytes(), &signature)
    }

    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    #[test]
    fn rfc_7515_appendix_a_1_hmac() {
        let jwk = serde_json::json!({"kty": "oct", "alg": "HS256",
            "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
        let signed = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}");
        let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(verifies(&jwk, Algorithm::HS256, &signed, signature));
    }

    #[test]
    fn rfc_7515_appendix_a_2_rsa() {
        let jwk = serde_json::json!({"kty": "RSA", "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
        let signed = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        assert!(verifies(&jwk, Algorithm::RS256, &signed, signature));
    }

    #[test]
    fn rfc_7515_appendix_a_3_ecdsa() {
        let jwk = serde_json::json!({"kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        let signed = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(verifies(&jwk, Algorithm::ES256, &signed, signature));
    }

    #[test]
    fn rfc_8037_appendix_a_4_eddsa() {
        let jwk = serde_json::json!({"kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert!(verifies(&jwk, Algorithm::EdDSA, signed, signature));
    }
}
