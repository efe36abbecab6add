use http::{Uri, uri::Scheme};
use serde::Deserialize;

use super::super::error::FetchError;

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub(in crate::jwt) enum Location {
    /// A JWK set.
    Set(Uri),
    /// OpenID Connect Discovery, which says where the set is.
    Discovery { issuer: Box<str>, uri: Uri },
}

/// Why a location is not fetched.
const NOT_HTTPS: &str =
    "keys fetched without TLS are anybody's: use https, or allow plain HTTP explicitly";

impl Location {
    pub(in crate::jwt) fn set(url: &str, allow_http: bool) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "not a URL")?;
        is_trustworthy(&uri, allow_http)
            .then_some(Self::Set(uri))
            .ok_or(NOT_HTTPS)
    }

    /// The document is at a well-known path below the issuer (OpenID Connect Discovery 1.0 §4).
    pub(in crate::jwt) fn discovery(issuer: &str, allow_http: bool) -> Result<Self, &'static str> {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let uri: Uri = format!("{base}/.well-known/openid-configuration")
            .parse()
            .map_err(|_| "not a URL")?;
        if uri.query().is_some() {
            return Err("an issuer has no query");
        }
        let location = Self::Discovery {
            issuer: issuer.into(),
            uri,
        };
        is_trustworthy(location.first(), allow_http)
            .then_some(location)
            .ok_or(NOT_HTTPS)
    }

    /// What is fetched first.
    pub(super) const fn first(&self) -> &Uri {
        match self {
            Self::Set(uri) | Self::Discovery { uri, .. } => uri,
        }
    }
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// Where the set is, by the discovery document of `issuer` at `uri`.
///
/// The document must be the issuer's own (OpenID Connect Discovery 1.0 §4.3), and may not lead
/// from TLS to plain HTTP – least of all to this machine, which a stranger cannot reach himself.
pub(super) fn read_configuration(
    issuer: &str,
    uri: &Uri,
    document: &[u8],
) -> Result<Uri, FetchError> {
    let configuration: Configuration = serde_json::from_slice(document)
        .map_err(|error| FetchError::new("the discovery document is malformed").because(error))?;
    if configuration.issuer != issuer {
        return Err(FetchError::new(
            "the discovery document is another issuer's",
        ));
    }
    let set: Uri = configuration
        .jwks_uri
        .parse()
        .map_err(|error| FetchError::new("`jwks_uri` is not a URL").because(error))?;
    let fits = match set.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => uri.scheme() == Some(&Scheme::HTTP),
        _ => false,
    };
    if !fits {
        return Err(FetchError::new("`jwks_uri` leaves https"));
    }
    Ok(set)
}

fn is_trustworthy(uri: &Uri, allow_http: bool) -> bool {
    let Some(host) = uri.host() else { return false };
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => allow_http || is_loopback(host),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (url, allowed) in [
            ("https://id.example.com/jwks", true),
            ("http://127.0.0.1:9000/jwks", true),
            ("http://[::1]/jwks", true),
            ("http://localhost/jwks", true),
            ("http://id.example.com/jwks", false),
            ("http://localhost.example.com/jwks", false),
            ("http://127.0.0.1.example.com/jwks", false),
            ("ftp://127.0.0.1/jwks", false),
            ("file:///etc/passwd", false),
            ("/jwks", false),
            ("", false),
        ] {
            assert_eq!(Location::set(url, false).is_ok(), allowed, "{url}");
        }
        assert!(Location::set("http://id.example.com/jwks", true).is_ok());
        assert!(Location::discovery("http://id.example.com", false).is_err());
    }

    #[test]
    fn discovery_is_below_the_issuer() {
        for issuer in ["https://id.example.com/t1", "https://id.example.com/t1/"] {
            let location = Location::discovery(issuer, false).unwrap();
            let expected = "https://id.example.com/t1/.well-known/openid-configuration";
            assert_eq!(location.first().to_string(), expected);
        }
    }

    #[test]
    fn a_discovery_document_cannot_lead_astray() {
        let https = Uri::from_static("https://id.example.com/.well-known/openid-configuration");
        let local = Uri::from_static("http://127.0.0.1:1/.well-known/openid-configuration");
        let issuer = "https://id.example.com";
        for (uri, document, valid) in [
            (
                &https,
                r#"{"issuer":"https://id.example.com","jwks_uri":"https://keys.example.com/"}"#,
                true,
            ),
            (
                &local,
                r#"{"issuer":"https://id.example.com","jwks_uri":"http://127.0.0.1:1/jwks"}"#,
                true,
            ),
            (
                &https,
                r#"{"issuer":"https://id.example.com/","jwks_uri":"https://keys.example.com/"}"#,
                false,
            ),
            (
                &https,
                r#"{"issuer":"https://id.example.com","jwks_uri":"http://127.0.0.1/"}"#,
                false,
            ),
            (
                &https,
                r#"{"issuer":"https://id.example.com","jwks_uri":"file:///etc/passwd"}"#,
                false,
            ),
            (
                &https,
                r#"{"issuer":"https://id.example.com","jwks_uri":"/jwks"}"#,
                false,
            ),
            (&https, "<html>", false),
        ] {
            let found = read_configuration(issuer, uri, document.as_bytes());
            assert_eq!(found.is_ok(), valid, "{document}");
        }
    }
}
