use std::net::{IpAddr, SocketAddr};

use gateway_core::{ErrorKind, GatewayError, config::Secret};
use http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq as _;

/// Who may use the admin listener.
#[derive(Clone, Debug)]
pub struct Guard {
    token: Option<Secret>,
}

/// An admin listener that other machines reach, without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the admin listener on {0} is reachable from other machines and has no token")]
pub struct ExposedError(SocketAddr);

impl Guard {
    /// The guard of a listener on `bind`.
    ///
    /// # Errors
    ///
    /// If the address is not loopback and there is no token.
    pub fn new(bind: SocketAddr, token: Option<Secret>) -> Result<Self, ExposedError> {
        if token.is_none() && !bind.ip().to_canonical().is_loopback() {
            return Err(ExposedError(bind));
        }
        Ok(Self { token })
    }

    /// Checks a request with these headers.
    ///
    /// # Errors
    ///
    /// 401 without the token; 403 for what a web page may have sent.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), GatewayError> {
        match &self.token {
            Some(token) => bearer(headers, token),
            None => not_a_browser(headers),
        }
    }
}

fn bearer(headers: &HeaderMap, token: &Secret) -> Result<(), GatewayError> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    let given = sent.and_then(|sent| sent.split_at_checked(SCHEME.len()));
    let (kind, given) = match given {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            (ErrorKind::KeyInvalid, given)
        }
        _ => (ErrorKind::AuthRequired, &b""[..]),
    };
    if kind == ErrorKind::KeyInvalid && bool::from(given.ct_eq(token.expose().as_bytes())) {
        return Ok(());
    }
    Err(GatewayError::new(kind).layer("admin").header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"admin\""),
    ))
}

fn not_a_browser(headers: &HeaderMap) -> Result<(), GatewayError> {
    let refuse = |detail| {
        Err(GatewayError::new(ErrorKind::Blocked)
            .layer("admin")
            .detail(detail))
    };
    if headers.contains_key(header::ORIGIN) {
        return refuse("web pages may not use the admin listener");
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| !is_local(host)) {
        return refuse("the admin listener answers to the names of this machine alone");
    }
    Ok(())
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

const SCHEME: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use super::*;

    fn status(guard: &Guard, pairs: &[(header::HeaderName, &'static str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name, HeaderValue::from_static(value));
        }
        guard
            .check(&headers)
            .map_or_else(|error| error.status_code().as_u16(), |()| 200)
    }

    #[test]
    fn other_machines_need_a_token() {
        let open: SocketAddr = "0.0.0.0:9080".parse().unwrap();
        assert!(Guard::new(open, None).is_err());
        assert!(Guard::new("[::ffff:127.0.0.1]:1".parse().unwrap(), None).is_ok());
        let guard = Guard::new(open, Some(Secret::new("s3cret"))).unwrap();
        assert_eq!(status(&guard, &[]), 401);
        assert_eq!(
            status(&guard, &[(header::AUTHORIZATION, "Bearer s3cre")]),
            401
        );
        assert_eq!(
            status(&guard, &[(header::AUTHORIZATION, "bearer s3cret")]),
            200
        );
        assert_eq!(status(&guard, &[(header::AUTHORIZATION, "s3cret")]), 401);
    }

    #[test]
    fn web_pages_are_refused() {
        let guard = Guard::new("127.0.0.1:9080".parse().unwrap(), None).unwrap();
        for local in [
            "127.0.0.1:9080",
            "localhost:9080",
            "[::1]:9080",
            "LOCALHOST",
        ] {
            assert_eq!(status(&guard, &[(header::HOST, local)]), 200, "{local}");
        }
        assert_eq!(
            status(&guard, &[(header::HOST, "rebound.example:9080")]),
            403
        );
        assert_eq!(status(&guard, &[(header::ORIGIN, "null")]), 403);
    }
}
