//! Taking a compact JWS apart (RFC 7515 §3.1). Pure, and before any trust.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Algorithm, base64url, claims::Invalid};

/// A token taken apart. Nothing in it is true until the signature is.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

/// The longest token that is looked at.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// What is read of a header. `jwk`, `jku`, `x5c` and `x5u` are not: a token does not bring its key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

pub(super) fn parse(token: &str) -> Result<Token<'_>, Invalid> {
    if token.len() > MAX_LENGTH {
        return Err(Invalid::Malformed("the token is too long"));
    }
    let malformed = || Invalid::Malformed("the token is not a signed JWT");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    // Five parts are an encrypted token: the second dot would be in the claims, and no base64url.
    let header = base64url::decode(header.as_bytes()).ok_or_else(malformed)?;
    let claims = base64url::decode(claims.as_bytes()).ok_or_else(malformed)?;
    let signature = base64url::decode(signature.as_bytes()).ok_or_else(malformed)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| malformed())?;
    if header.crit {
        return Err(Invalid::Malformed(
            "the token demands extensions that are not known",
        ));
    }
    let algorithm = header.alg.parse();
    let algorithm =
        algorithm.map_err(|_| Invalid::Malformed("the token's algorithm is not accepted"))?;
    let Unique(claims) = serde_json::from_slice(&claims).map_err(|_| malformed())?;
    Ok(Token {
        algorithm,
        key_id: header.kid,
        typ: header.typ,
        claims,
        signed: signed.as_bytes(),
        signature,
    })
}

/// Whatever it holds, even `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Claims, each once: of two, one reader takes the first and the next the last (RFC 7519 §4).
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut claims = Map::new();
        while let Some((name, value)) = map.next_entry()? {
            if claims.insert(name, value).is_some() {
                return Err(A::Error::custom("a claim appears twice"));
            }
        }
        Ok(Unique(claims))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, claims: &str) -> String {
        let (header, claims) = (base64url::encode(header), base64url::encode(claims));
        format!("{header}.{claims}.c2ln")
    }

    #[test]
    fn three_parts_and_known_words() {
        let text = token(
            r#"{"alg":"RS256","kid":"k","typ":"JWT","jku":"http://x"}"#,
            r#"{"sub":"a"}"#,
        );
        let parsed = parse(&text).unwrap();
        assert_eq!(parsed.algorithm, Algorithm::RS256);
        assert_eq!(
            (parsed.key_id.as_deref(), parsed.typ.as_deref()),
            (Some("k"), Some("JWT"))
        );
        assert_eq!(parsed.claims["sub"], "a");
        assert_eq!(parsed.signature, b"sig");
        assert!(text.as_bytes().starts_with(parsed.signed));
    }

    #[test]
    fn everything_else_is_malformed() {
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        let (head, _) = good.rsplit_once('.').unwrap();
        for text in [
            String::new(),
            ".".into(),
            "..".into(),
            "a.b".into(),
            format!("{good}.x.y"),
            format!("{good}="),
            format!("{head}.c2lnX"),
            format!(" {good}"),
            token("{}", "{}"),
            token(r#"{"alg":"none"}"#, "{}"),
            token(r#"{"alg":"None"}"#, "{}"),
            token(r#"{"alg":"nOnE"}"#, "{}"),
            token(r#"{"alg":""}"#, "{}"),
            token(r#"{"alg":null}"#, "{}"),
            token(r#"{"alg":["RS256"]}"#, "{}"),
            token(r#"{"alg":"RS256","alg":"HS256"}"#, "{}"),
            token(r#"{"alg":"RS256","kid":7}"#, "{}"),
            token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}"),
            token(r#"{"alg":"RS256","crit":null}"#, "{}"),
            token(r#"{"alg":"RS256"}"#, "[]"),
            token(r#"{"alg":"RS256"}"#, "null"),
            token(r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#),
            token(r#"{"alg":"RS256"}"#, &"[".repeat(10_000)),
            "a".repeat(MAX_LENGTH + 1),
        ] {
            assert!(parse(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[a-zA-Z0-9_.=-]{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn arbitrary_json_never_panics(header in ".{0,60}", claims in ".{0,60}") {
            let _ = parse(&token(&header, &claims));
        }
    }
}
