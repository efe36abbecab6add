//! Who may use the proxy. No I/O.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gateway_core::{ErrorKind, GatewayError, Identity, context::IdentityKind};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The users by the hashes of what they send. Nobody: everybody may.
#[derive(Clone, Default)]
pub(super) struct Users {
    users: Vec<User>,
    realm: Box<str>,
}

#[derive(Clone)]
struct User {
    basic: [u8; 32],
    bearer: [u8; 32],
    identity: Identity,
}

impl Users {
    pub(super) fn new(users: &[(String, String)], realm: &str) -> Self {
        let each = users.iter().map(|(name, secret)| User {
            basic: hash(format!("{name}:{secret}").as_bytes()),
            bearer: hash(secret.as_bytes()),
            identity: Identity::new(IdentityKind::ApiKey, ISSUER, name),
        });
        Self {
            users: each.collect(),
            realm: realm.into(),
        }
    }

    /// Who sends these headers; nobody where nobody need say.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Option<&Identity>, GatewayError> {
        if self.users.is_empty() {
            return Ok(None);
        }
        let mut sent = headers.get_all(header::PROXY_AUTHORIZATION).iter();
        let (Some(sent), None) = (sent.next(), sent.next()) else {
            return Err(self.challenge(ErrorKind::AuthRequired));
        };
        self.find(sent)
            .map(Some)
            .ok_or_else(|| self.challenge(ErrorKind::KeyInvalid))
    }

    fn find(&self, sent: &HeaderValue) -> Option<&Identity> {
        let (scheme, sent) = sent.to_str().ok()?.split_once(' ')?;
        let sent = sent.trim_matches(' ');
        let (presented, field): (_, fn(&User) -> &[u8; 32]) =
            if scheme.eq_ignore_ascii_case("basic") {
                (hash(&STANDARD.decode(sent).ok()?), |user| &user.basic)
            } else if scheme.eq_ignore_ascii_case("bearer") {
                (hash(sent.as_bytes()), |user| &user.bearer)
            } else {
                return None;
            };
        let mut each = self.users.iter();
        each.find(|user| bool::from(field(user).ct_eq(&presented)))
            .map(|user| &user.identity)
    }

    /// RFC 9110 §11.7.1: 407, and how to authenticate.
    fn challenge(&self, kind: ErrorKind) -> GatewayError {
        let mut error = GatewayError::new(kind).status(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        for scheme in ["Basic", "Bearer"] {
            let challenge = format!("{scheme} realm=\"{}\"", self.realm);
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                error = error.header(header::PROXY_AUTHENTICATE, challenge);
            }
        }
        error
    }
}

/// Not even hashes are shown.
impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.users.iter().map(|user| user.identity.subject());
        f.debug_list().entries(names).finish()
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

const ISSUER: &str = "forward_proxy";

#[cfg(test)]
mod tests {
    use super::*;

    fn find(values: &[&str]) -> Result<String, ErrorKind> {
        let user = |name: &str, secret: &str| (name.to_owned(), secret.to_owned());
        let users = Users::new(&[user("a", "one"), user("b", "two:2")], "r");
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::PROXY_AUTHORIZATION, value.parse().unwrap());
        }
        match users.admit(&headers) {
            Ok(who) => Ok(who.unwrap().subject().to_owned()),
            Err(error) => {
                assert_eq!(error.status_code(), 407);
                assert_eq!(error.headers().len(), 2);
                Err(error.kind())
            }
        }
    }

    #[test]
    fn basic_and_bearer() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(find(&[&basic("a:one")]), Ok("a".into()));
        assert_eq!(find(&[&basic("b:two:2")]), Ok("b".into()));
        assert_eq!(find(&["bearer two:2"]), Ok("b".into()));
        assert_eq!(find(&[]), Err(ErrorKind::AuthRequired));
        let wrong = [basic("a:two:2"), basic("b:one"), basic("a"), basic("")];
        for wrong in wrong.iter().map(String::as_str).chain([
            "Bearer one:",
            "Bearer",
            "Basic !",
            "Digest one",
            "one",
        ]) {
            assert_eq!(find(&[wrong]), Err(ErrorKind::KeyInvalid), "{wrong}");
        }
        assert_eq!(
            find(&["Bearer one", "Bearer one"]),
            Err(ErrorKind::AuthRequired)
        );
    }
}
