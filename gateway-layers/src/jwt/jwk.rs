//! JSON Web Keys and sets of them (RFC 7517, RFC 7518 §6, RFC 8037). Pure.

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::{Algorithm, InvalidKey, VerifyingKey, base64url, key::KeySet};

/// Whether `oct` keys are taken. A document that can be fetched holds no secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    Allowed,
    Refused,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    #[serde(default)]
    k: Option<String>,
    #[serde(default)]
    d: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The usable keys of a JWK set.
///
/// Keys of unknown types, for encryption, or malformed are left out (RFC 7517 §5): tomorrow's key
/// must not take today's with it. An empty set is a set: its issuer trusts no key any more.
pub(super) fn set(document: &[u8], secrets: Secrets) -> Result<KeySet, InvalidKey> {
    let set: Set = serde_json::from_slice(document)
        .map_err(|_| InvalidKey("not a JWK set: a JSON object with `keys` is expected"))?;
    let keys = set.keys.into_iter();
    Ok(KeySet::new(
        keys.filter_map(|key| build(key, secrets).ok()).collect(),
    ))
}

pub(super) fn build(value: Value, secrets: Secrets) -> Result<VerifyingKey, InvalidKey> {
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| InvalidKey("not a JSON Web Key"))?;
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return Err(InvalidKey("the key's `use` is not `sig`"));
    }
    if let Some(operations) = &jwk.key_ops
        && !operations.iter().any(|operation| operation == "verify")
    {
        return Err(InvalidKey("the key's `key_ops` do not include `verify`"));
    }
    if jwk.d.is_some() {
        return Err(InvalidKey("this is a private key; give the public one"));
    }
    let key = match jwk.kty.as_str() {
        "RSA" => rsa(&jwk),
        "EC" => elliptic(&jwk),
        "OKP" => edwards(&jwk),
        "oct" if secrets == Secrets::Allowed => return secret(&jwk),
        "oct" => Err(InvalidKey("a published key set holds no secrets")),
        _ => Err(InvalidKey(
            "the key's `kty` is none of RSA, EC, OKP and oct",
        )),
    }?;
    Ok(named(key, &jwk))
}

fn named(key: VerifyingKey, jwk: &Jwk) -> VerifyingKey {
    match &jwk.kid {
        Some(id) => key.with_id(id),
        None => key,
    }
}

fn rsa(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let (n, e) = (bytes(jwk.n.as_ref())?, bytes(jwk.e.as_ref())?);
    let significant = n.iter().skip_while(|byte| **byte == 0).count();
    if significant < 256 {
        return Err(InvalidKey(
            "an RSA key of less than 2048 bits can be broken",
        ));
    }
    let key = DecodingKey::from_rsa_raw_components(&n, &e);
    Ok(VerifyingKey::of(key, allowed(jwk, Algorithm::RSA)?))
}

fn elliptic(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let (algorithm, width) = match jwk.crv.as_deref() {
        Some("P-256") => (Algorithm::ES256, 32),
        Some("P-384") => (Algorithm::ES384, 48),
        _ => {
            return Err(InvalidKey(
                "of the elliptic curves P-256 and P-384 are supported",
            ));
        }
    };
    let (x, y) = (bytes(jwk.x.as_ref())?, bytes(jwk.y.as_ref())?);
    if x.len() != width || y.len() != width {
        return Err(InvalidKey("a coordinate has the wrong length"));
    }
    let point = [&[4][..], &x, &y].concat();
    let key = DecodingKey::from_ec_der(&point);
    Ok(VerifyingKey::of(key, allowed(jwk, &[algorithm])?))
}

fn edwards(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let x = bytes(jwk.x.as_ref())?;
    if jwk.crv.as_deref() != Some("Ed25519") || x.len() != 32 {
        return Err(InvalidKey("of the Edwards curves Ed25519 is supported"));
    }
    let key = DecodingKey::from_ed_der(&x);
    // RFC 9864 gives the algorithm the name of its curve.
    if jwk.alg.as_deref() == Some("Ed25519") {
        return Ok(VerifyingKey::of(key, vec![Algorithm::EdDSA]));
    }
    Ok(VerifyingKey::of(key, allowed(jwk, &[Algorithm::EdDSA])?))
}

fn secret(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let algorithm = jwk.alg.as_deref().and_then(|name| name.parse().ok());
    let algorithm = algorithm.ok_or(InvalidKey("a secret key names its `alg`"))?;
    let key = VerifyingKey::from_secret(&bytes(jwk.k.as_ref())?, algorithm)?;
    Ok(named(key, jwk))
}

/// What the type of the key permits, cut to its own `alg`.
fn allowed(jwk: &Jwk, by_type: &[Algorithm]) -> Result<Vec<Algorithm>, InvalidKey> {
    let Some(name) = &jwk.alg else {
        return Ok(by_type.to_vec());
    };
    let named = by_type
        .iter()
        .filter(|algorithm| algorithm.as_str() == name);
    let named: Vec<_> = named.copied().collect();
    if named.is_empty() {
        return Err(InvalidKey("the key's `alg` does not fit its type"));
    }
    Ok(named)
}

fn bytes(text: Option<&String>) -> Result<Vec<u8>, InvalidKey> {
    let text = text.ok_or(InvalidKey("a member of the key is missing"))?;
    base64url::decode(text.as_bytes()).ok_or(InvalidKey("a member of the key is not base64url"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ec(extra: &Value) -> Value {
        // RFC 7517 appendix A.1.
        let mut key = json!({"kty": "EC", "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
        let extra = extra.as_object().unwrap().clone();
        key.as_object_mut().unwrap().extend(extra);
        key
    }

    fn refused(value: Value) -> bool {
        build(value, Secrets::Refused).is_err()
    }

    #[test]
    fn keys_are_for_what_they_say() {
        for extra in [
            json!({}),
            json!({"use": "sig"}),
            json!({"key_ops": ["verify"]}),
            json!({"alg": "ES256"}),
        ] {
            let key = build(ec(&extra), Secrets::Refused).unwrap();
            assert_eq!(key.algorithms(), [Algorithm::ES256]);
        }
        for extra in [
            json!({"use": "enc"}),
            json!({"use": ""}),
            json!({"key_ops": ["encrypt"]}),
            json!({"key_ops": []}),
            json!({"use": "sig", "key_ops": ["sign"]}),
            json!({"alg": "ES384"}),
            json!({"alg": "RS256"}),
            json!({"alg": "HS256"}),
            json!({"alg": "none"}),
            json!({"crv": "P-521"}),
            json!({"crv": "P-384"}),
            json!({"kty": "RSA"}),
            json!({"kty": "oct", "k": "AAAA", "alg": "HS256"}),
            json!({"kty": "AKP"}),
            json!({"d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}),
            json!({"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4="}),
            json!({"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D5"}),
            json!({"y": null}),
            json!({"kid": 7}),
        ] {
            assert!(refused(ec(&extra)), "{extra}");
        }
    }

    #[test]
    fn weak_rsa_keys_are_refused() {
        let modulus = |bytes: usize| base64url::encode(vec![0xff; bytes]);
        assert!(refused(
            json!({"kty": "RSA", "n": modulus(128), "e": "AQAB"})
        ));
        assert!(!refused(
            json!({"kty": "RSA", "n": modulus(256), "e": "AQAB"})
        ));
        let padded = base64url::encode([vec![0; 128], vec![0xff; 128]].concat());
        assert!(refused(json!({"kty": "RSA", "n": padded, "e": "AQAB"})));
    }

    #[test]
    fn one_bad_key_does_not_spoil_the_set() {
        let keys = json!({"keys": [{"kty": "new"}, 7, ec(&json!({"use": "enc"})), ec(&json!({"kid": "a"}))]});
        let set = set(keys.to_string().as_bytes(), Secrets::Refused).unwrap();
        assert_eq!(set.candidates(Some("a"), Algorithm::ES256).count(), 1);
        assert_eq!(set.candidates(Some("b"), Algorithm::ES256).count(), 0);
        assert_eq!(set.candidates(None, Algorithm::RS256).count(), 0);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for document in ["", "<html>", "[]", "{}", r#"{"keys": {}}"#] {
            assert!(
                set(document.as_bytes(), Secrets::Refused).is_err(),
                "{document}"
            );
        }
    }

    #[test]
    fn a_secret_is_taken_where_it_is_given_on_purpose() {
        let secret = base64url::encode([7; 32]);
        let key = json!({"kty": "oct", "k": secret, "alg": "HS256", "kid": "s"});
        assert!(build(key.clone(), Secrets::Allowed).is_ok());
        assert!(refused(key));
        let nameless = json!({"kty": "oct", "k": secret});
        assert!(build(nameless, Secrets::Allowed).is_err());
    }
}
