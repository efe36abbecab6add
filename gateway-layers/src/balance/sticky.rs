//! The cookie that keeps a client at its endpoint. Pure; the time is an argument.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, header};
use sha2::Sha256;

use super::hash;

/// A cookie that keeps a client at the endpoint that answered it first.
///
/// It names the endpoint by a hash under the key, never by its address, and carries its own end. Both
/// are signed with HMAC-SHA-256: what was made up, changed or made for another upstream is as good as
/// no cookie, and the client gets a new one.
#[derive(Clone)]
pub struct StickyCookie {
    name: Option<Box<str>>,
    path: Box<str>,
    max_age: Option<Duration>,
    same_site: SameSite,
    secure: Option<bool>,
    key: Option<Box<[u8]>>,
}

/// With which requests from other sites a browser sends the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// With none.
    Strict,
    /// With links that are followed.
    #[default]
    Lax,
    /// With all; browsers want such a cookie to be secure, and it is.
    None,
}

/// Why a cookie cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StickyError {
    /// The name is not a token (RFC 6265 §4.1.1).
    #[error("a cookie's name is made of letters, digits and `!#$%&'*+-.^_`|~`")]
    Name,
    /// The path would end the attribute.
    #[error("a cookie's path begins with `/` and has no `;` and nothing invisible")]
    Path,
    /// The key can be guessed.
    #[error("a key has at least 16 bytes")]
    Key,
}

impl StickyCookie {
    /// A cookie for the whole site and until the browser is closed, `HttpOnly`, `SameSite=Lax`,
    /// `Secure` when the client came by HTTPS. Its name is made from the upstream's, its key is
    /// random and lives as long as the process.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: None,
            path: "/".into(),
            max_age: None,
            same_site: SameSite::default(),
            secure: None,
            key: None,
        }
    }

    /// The cookie's name. Defaults to one that is different for every upstream.
    ///
    /// # Errors
    ///
    /// It is not a token.
    pub fn name(mut self, name: &str) -> Result<Self, StickyError> {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(StickyError::Name);
        }
        self.name = Some(name.into());
        Ok(self)
    }

    /// For which paths the client sends it. Defaults to `/`.
    ///
    /// # Errors
    ///
    /// It is not a path, or cannot stand in a cookie.
    pub fn path(mut self, path: &str) -> Result<Self, StickyError> {
        let fits = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b';';
        if !path.starts_with('/') || !path.bytes().all(fits) {
            return Err(StickyError::Path);
        }
        self.path = path.into();
        Ok(self)
    }

    /// How long a client stays, at most. The gateway looks at it too, not the browser alone.
    /// Defaults to the end of the browser's session.
    #[must_use]
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// With which requests from other sites it is sent. Defaults to [`SameSite::Lax`].
    #[must_use]
    pub const fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Whether it is sent over HTTPS alone. Defaults to whether the client came by HTTPS, which the
    /// server says with a [`Scheme`](http::uri::Scheme) extension; behind a proxy that ends TLS it
    /// has to be said here.
    #[must_use]
    pub const fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// The key, the same for all gateways that share clients. Defaults to a random one, with which
    /// clients are spread anew when the process starts again.
    ///
    /// # Errors
    ///
    /// It is shorter than 16 bytes.
    pub fn key(mut self, key: &[u8]) -> Result<Self, StickyError> {
        if key.len() < 16 {
            return Err(StickyError::Key);
        }
        self.key = Some(key.into());
        Ok(self)
    }
}

impl Default for StickyCookie {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StickyCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StickyCookie")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("max_age", &self.max_age)
            .field("same_site", &self.same_site)
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

/// What an endpoint is called in a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id([u8; 8]);

/// A cookie of one upstream.
#[derive(Clone)]
pub(super) struct Sticky {
    shared: Arc<Shared>,
}

struct Shared {
    name: Box<str>,
    /// All attributes but `Secure`.
    attributes: Box<str>,
    max_age: Option<Duration>,
    secure: Option<bool>,
    /// Has taken in the key and the upstream.
    mac: Hmac<Sha256>,
}

impl Sticky {
    pub(super) fn new(cookie: &StickyCookie, upstream: &str) -> Self {
        let key = cookie.key.as_deref().unwrap_or_else(|| process_key());
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        // With its length in front, no upstream's name is the beginning of another's.
        mac.update(&(upstream.len() as u64).to_be_bytes());
        mac.update(upstream.as_bytes());
        let secure = match cookie.same_site {
            SameSite::None => Some(true),
            _ => cookie.secure,
        };
        let name = cookie.name.clone();
        Self {
            shared: Arc::new(Shared {
                name: name.unwrap_or_else(|| default_name(upstream)),
                attributes: attributes(cookie),
                max_age: cookie.max_age,
                secure,
                mac,
            }),
        }
    }

    /// What the endpoint called `endpoint` is called in cookies.
    pub(super) fn id(&self, endpoint: &str) -> Id {
        let mac = self.mac(ENDPOINT, endpoint.as_bytes());
        let (id, _) = mac.split_first_chunk().expect("32 bytes begin with 8");
        Id(*id)
    }

    /// Whom the cookie among `headers` names, if it is ours and not over at `now`, in seconds since
    /// 1970.
    pub(super) fn read(&self, headers: &HeaderMap, now: u64) -> Option<Id> {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        let values = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (*name == *self.shared.name).then_some(value)
        });
        // Another of the name, say of a parent domain, must not hide ours.
        values.filter_map(|value| self.verify(value, now)).next()
    }

    fn verify(&self, value: &str, now: u64) -> Option<Id> {
        let mut bytes = [0; SIZE];
        let read = URL_SAFE_NO_PAD.decode_slice(value, &mut bytes).ok()?;
        if read != SIZE {
            return None;
        }
        let (signed, signature) = bytes.split_at(SIGNED);
        let mut mac = self.shared.mac.clone();
        mac.update(COOKIE);
        mac.update(signed);
        mac.verify_truncated_left(signature).ok()?;
        let (id, end) = signed.split_first_chunk()?;
        let end = u64::from_be_bytes(end.try_into().ok()?);
        (end == 0 || now < end).then_some(Id(*id))
    }

    /// The `Set-Cookie` that names `id`.
    pub(super) fn issue(&self, id: Id, now: u64, https: bool) -> HeaderValue {
        let shared = &self.shared;
        let end = shared.max_age.map_or(0, |age| now + age.as_secs().max(1));
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&id.0);
        bytes[8..SIGNED].copy_from_slice(&end.to_be_bytes());
        let mac = self.mac(COOKIE, &bytes[..SIGNED]);
        bytes[SIGNED..].copy_from_slice(&mac[..SIZE - SIGNED]);
        let value = URL_SAFE_NO_PAD.encode(bytes);
        let secure = match shared.secure.unwrap_or(https) {
            true => "; Secure",
            false => "",
        };
        let Shared {
            name, attributes, ..
        } = &**shared;
        let text = format!("{name}={value}{attributes}{secure}");
        HeaderValue::try_from(text).expect("its parts were checked")
    }

    fn mac(&self, what: &[u8], text: &[u8]) -> [u8; 32] {
        let mut mac = self.shared.mac.clone();
        mac.update(what);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sticky")
            .field("name", &self.shared.name)
            .finish_non_exhaustive()
    }
}

fn default_name(upstream: &str) -> Box<str> {
    format!("sticky_{:08x}", hash::hash(upstream) >> 32).into()
}

fn attributes(cookie: &StickyCookie) -> Box<str> {
    let same_site = match cookie.same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    };
    let age = cookie
        .max_age
        .map(|age| format!("; Max-Age={}", age.as_secs().max(1)));
    let age = age.unwrap_or_default();
    let path = &cookie.path;
    format!("; Path={path}{age}; HttpOnly; SameSite={same_site}").into()
}

/// Random, and the same until the process ends: a changed configuration parts nobody.
fn process_key() -> &'static [u8] {
    use std::sync::LazyLock;
    static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has random bytes");
        key
    });
    &*KEY
}

/// What a signature is over, so that none is good for the other.
const ENDPOINT: &[u8] = b"e";
const COOKIE: &[u8] = b"c";
/// The endpoint's id and the end, then half of a SHA-256.
const SIGNED: usize = 16;
const SIZE: usize = 32;

#[cfg(test)]
mod tests;
