//! What hyper accepts and a gateway must not pass on.
//!
//! Two readers of one request that disagree are the stuff of smuggling, cache poisoning and bypassed
//! authorisation. hyper's parser is strict about framing; the rules here concern what it leaves to
//! the application: the host, the form of the target, and message parts whose meaning depends on
//! who reads them.
//!
//! A `Content-Length` beside `Transfer-Encoding: chunked` never gets here: hyper drops it, reads the
//! chunks, and closes the connection after the answer, which is the second of the two ways of RFC 9112
//! §6.1 and leaves nothing that a second reader could take for a request. To refuse instead would need
//! another parser before hyper's, for every head of every request.

use gateway_core::{ErrorKind, GatewayError, Request, Responder, Response};
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};

use super::detect::MAX_METHOD;

/// Checks `request`, and makes `Host` agree with an absolute target.
///
/// # Errors
///
/// 400 `bad_request` for a missing, repeated, empty or malformed `Host`, for credentials in the
/// target, `*` with another method than `OPTIONS`, bytes in the target that are not visible ASCII,
/// `Transfer-Encoding` in HTTP/1.0 or more than once; 414 for a path and query longer than
/// `max_target`; 417 for an unknown expectation.
pub fn request<B>(request: &mut http::Request<B>, max_target: usize) -> Result<(), GatewayError> {
    length(request.uri(), max_target)?;
    target(request.method(), request.uri())?;
    match request.version() {
        Version::HTTP_2 | Version::HTTP_3 => authority(request),
        version => {
            let fields = Fields::of(request.headers());
            framing(version, &fields)?;
            let told = fields.host()?.is_some();
            host(request, told)
        }
    }
}

/// The refusal; the connection closes, since what follows a malformed request cannot be trusted.
pub fn refuse(request: &Request, error: GatewayError) -> Response {
    let mut response: Response = Responder::of(request).refuse(error);
    if request.version() < Version::HTTP_2 {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn bad(detail: &'static str) -> GatewayError {
    GatewayError::new(ErrorKind::BadRequest).detail(detail)
}

fn length(uri: &Uri, max: usize) -> Result<(), GatewayError> {
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    match length > max {
        true => Err(GatewayError::new(ErrorKind::UriTooLong)
            .layer("limits")
            .detail(format!("at most {max} bytes"))),
        false => Ok(()),
    }
}

fn target(method: &Method, uri: &Uri) -> Result<(), GatewayError> {
    if method.as_str().len() > MAX_METHOD {
        return Err(bad("the method is not one anybody has"));
    }
    if let Some(authority) = uri.authority()
        && !is_host(authority.as_str().as_bytes())
    {
        return Err(bad("the target's authority is not a host"));
    }
    if uri.path() == "*" && *method != Method::OPTIONS {
        return Err(bad("only OPTIONS may ask for *"));
    }
    let origin_form = uri.path_and_query().map_or("", |path| path.as_str());
    if *method != Method::CONNECT && !origin_form.starts_with('/') && origin_form != "*" {
        return Err(bad("the target is not a path"));
    }
    if *method == Method::CONNECT && uri.authority().is_none() {
        return Err(bad("CONNECT needs an authority"));
    }
    if !origin_form.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("the target has bytes that are not visible ASCII"));
    }
    Ok(())
}

/// The fields that these rules are about. Most requests have one of them: a look at the few names costs
/// less than a search for each.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a HeaderValue>,
    hosts: usize,
    codings: usize,
    length: bool,
    expect: Option<&'a HeaderValue>,
}

impl<'a> Fields<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            if *name == header::HOST {
                fields.host = Some(value);
                fields.hosts += 1;
            } else if *name == header::TRANSFER_ENCODING {
                fields.codings += 1;
            } else if *name == header::CONTENT_LENGTH {
                fields.length = true;
            } else if *name == header::EXPECT {
                fields.expect.get_or_insert(value);
            }
        }
        fields
    }

    /// The value of the one `Host`, if there is one.
    fn host(&self) -> Result<Option<&'a HeaderValue>, GatewayError> {
        match self.host {
            _ if self.hosts > 1 => Err(bad("Host is repeated")),
            Some(host) if !is_host(host.as_bytes()) => Err(bad("Host is not a host")),
            host => Ok(host),
        }
    }
}

fn framing(version: Version, fields: &Fields<'_>) -> Result<(), GatewayError> {
    if fields.codings > 0 && version == Version::HTTP_10 {
        return Err(bad("HTTP/1.0 has no Transfer-Encoding"));
    }
    if fields.codings > 0 && fields.length {
        return Err(bad(
            "Transfer-Encoding and Content-Length exclude each other",
        ));
    }
    if fields.codings > 1 {
        return Err(bad("Transfer-Encoding is repeated"));
    }
    let continues = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if fields.expect.is_some_and(|expected| !continues(expected)) {
        return Err(bad("the expectation is unknown").status(http::StatusCode::EXPECTATION_FAILED));
    }
    Ok(())
}

/// HTTP/1: one `Host`, unless the version is older than the field; an absolute target wins over it
/// (RFC 9112 §3.2.2).
fn host<B>(request: &mut http::Request<B>, told: bool) -> Result<(), GatewayError> {
    if !told && request.version() != Version::HTTP_10 {
        return Err(bad("Host is missing"));
    }
    if *request.method() != Method::CONNECT
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(())
}

/// HTTP/2: `:authority` and `Host`, if both are there, say the same (RFC 9113 §8.3.1).
fn authority<B>(request: &http::Request<B>) -> Result<(), GatewayError> {
    let host = Fields::of(request.headers()).host()?;
    match (host, request.uri().authority()) {
        (Some(host), Some(authority))
            if !host
                .as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            Err(bad("Host and :authority differ"))
        }
        (None, None) => Err(bad(":authority is missing")),
        _ => Ok(()),
    }
}

/// `uri-host [":" port]`: a registered name, an IPv4 address, or an IPv6 address in brackets; no
/// user information, no path, no list.
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else {
                return false;
            };
            let inside = std::str::from_utf8(&rest[..end]).unwrap_or_default();
            if inside.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match &rest[end + 1..] {
                [] => return true,
                [b':', port @ ..] => return is_port(port),
                _ => return false,
            }
        }
        _ => match host.iter().position(|byte| *byte == b':') {
            Some(at) => (&host[..at], Some(&host[at + 1..])),
            None => (host, None),
        },
    };
    let named =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !name.is_empty() && name.iter().all(named) && port.is_none_or(is_port)
}

fn is_port(port: &[u8]) -> bool {
    // An empty port means the default one (RFC 3986 §3.2.3).
    let text = std::str::from_utf8(port).unwrap_or("x");
    port.is_empty() || (port.iter().all(u8::is_ascii_digit) && text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: &str, target: &str, hosts: &[&str]) -> Result<String, u16> {
        let mut builder = http::Request::builder().method(method).uri(target);
        for host in hosts {
            builder = builder.header("host", *host);
        }
        let mut built = builder.body(()).unwrap();
        match request(&mut built, 64) {
            Ok(()) => Ok(built.headers()["host"].to_str().unwrap().to_owned()),
            Err(error) => Err(error.status_code().as_u16()),
        }
    }

    #[test]
    fn one_host_that_is_a_host() {
        for good in [
            "example.com",
            "example.com:8080",
            "127.0.0.1",
            "[::1]:80",
            "a_b",
            "x:",
        ] {
            assert_eq!(checked("GET", "/", &[good]), Ok(good.to_owned()), "{good}");
        }
        for evil in [
            "",
            "a,b",
            "user@example.com",
            "a/b",
            "a b",
            "a:b",
            "a:99999",
            "[::1",
            "[x]",
            "é",
        ] {
            assert_eq!(checked("GET", "/", &[evil]), Err(400), "{evil}");
        }
        assert_eq!(checked("GET", "/", &[]), Err(400));
        assert_eq!(checked("GET", "/", &["a", "a"]), Err(400));
    }

    #[test]
    fn an_absolute_target_wins_over_host() {
        assert_eq!(
            checked("GET", "http://a.example/x", &["b.example"]),
            Ok("a.example".into())
        );
        assert_eq!(
            checked("GET", "http://u:p@a.example/x", &["a.example"]),
            Err(400)
        );
    }

    #[test]
    fn a_long_target_is_told_so() {
        let long = |length: usize| format!("/{}", "x".repeat(length - 1));
        assert!(checked("GET", &long(64), &["a"]).is_ok());
        assert_eq!(checked("GET", &long(65), &["a"]), Err(414));
    }

    #[test]
    fn star_is_for_options() {
        assert_eq!(checked("OPTIONS", "*", &["a"]), Ok("a".into()));
        assert_eq!(checked("GET", "*", &["a"]), Err(400));
    }

    #[test]
    fn framing_that_two_readers_read_differently() {
        let with = |version, headers: &[(&'static str, &'static str)]| {
            let mut built = http::Request::builder()
                .version(version)
                .header("host", "a");
            for (name, value) in headers {
                built = built.header(*name, *value);
            }
            request(&mut built.body(()).unwrap(), 64).map_err(|error| error.status_code().as_u16())
        };
        let chunked = ("transfer-encoding", "chunked");
        assert_eq!(with(Version::HTTP_11, &[chunked]), Ok(()));
        assert_eq!(with(Version::HTTP_10, &[chunked]), Err(400));
        assert_eq!(
            with(Version::HTTP_11, &[chunked, ("content-length", "1")]),
            Err(400)
        );
        assert_eq!(with(Version::HTTP_11, &[chunked, chunked]), Err(400));
        assert_eq!(
            with(Version::HTTP_11, &[("expect", "100-continue")]),
            Ok(())
        );
        assert_eq!(with(Version::HTTP_11, &[("expect", "a miracle")]), Err(417));
    }

    #[test]
    fn http2_has_one_authority() {
        let with = |target: &str, host: Option<&str>| {
            let mut built = http::Request::builder()
                .version(Version::HTTP_2)
                .uri(target);
            if let Some(host) = host {
                built = built.header("host", host);
            }
            request(&mut built.body(()).unwrap(), 64).is_ok()
        };
        assert!(with("http://a.example/", None));
        assert!(with("http://a.example/", Some("A.example")));
        assert!(!with("http://a.example/", Some("b.example")));
        assert!(!with("/", None));
    }
}
