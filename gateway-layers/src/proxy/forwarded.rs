//! What the upstream is told about the client and the way here.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{self, Entry},
};

/// What happens to `X-Forwarded-*` and `Forwarded` of the incoming request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forwarding {
    /// Removed, and set to what the gateway itself knows. For clients that are not trusted.
    #[default]
    Replace,
    /// Kept, and the gateway's own hop appended. Only behind a proxy that is trusted to have
    /// replaced what its clients sent.
    Append,
    /// Kept as they are; nothing is added.
    Keep,
}

/// The hop before the gateway, as far as it is known.
pub(super) struct Hop<'a> {
    pub(super) ip: Option<IpAddr>,
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) https: bool,
}

/// Writes `X-Forwarded-For`, `-Host` and `-Proto`, and with `rfc7239` also `Forwarded`.
pub(super) fn write(headers: &mut HeaderMap, mode: Forwarding, rfc7239: bool, hop: &Hop<'_>) {
    if mode == Forwarding::Keep {
        return;
    }
    if let Some(ip) = hop.ip {
        let ip = match ip {
            IpAddr::V4(ip) => dotted(ip),
            IpAddr::V6(ip) => HeaderValue::try_from(ip.to_string()).expect("digits and colons"),
        };
        match mode {
            // Nobody is believed: there is no list to go on with.
            Forwarding::Replace => _ = headers.insert(X_FORWARDED_FOR, ip),
            _ => append_list(headers, &X_FORWARDED_FOR, ip.as_bytes()),
        }
    }
    // The first proxy saw the client's own host and scheme; later ones must not overwrite it.
    if let (Entry::Vacant(first), Some(host)) = (headers.entry(X_FORWARDED_HOST), hop.host) {
        first.insert(host.clone());
    }
    if let Entry::Vacant(first) = headers.entry(X_FORWARDED_PROTO) {
        first.insert(HeaderValue::from_static(if hop.https {
            "https"
        } else {
            "http"
        }));
    }
    if rfc7239 {
        append_list(headers, &header::FORWARDED, element(hop).as_bytes());
    }
}

/// Whether a client that is not trusted may not set this field.
pub(super) fn is_forwarding(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-") || matches!(name, "forwarded" | "x-real-ip")
}

/// The pseudonym and the version the message was received with (RFC 9110 §7.6.3).
pub(crate) fn via(headers: &mut HeaderMap, version: Version, lines: &ViaLines) {
    let line = match version {
        Version::HTTP_10 => &lines.http10,
        Version::HTTP_2 => &lines.http2,
        _ => &lines.http11,
    };
    headers.append(header::VIA, line.clone());
}

/// `Via` for each version, made once.
#[derive(Clone, Debug)]
pub(crate) struct ViaLines {
    http10: HeaderValue,
    http11: HeaderValue,
    http2: HeaderValue,
}

impl ViaLines {
    /// `None` if `name` is not a token.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            return None;
        }
        let line = |version: &str| HeaderValue::try_from(format!("{version} {name}")).ok();
        Some(Self {
            http10: line("1.0")?,
            http11: line("1.1")?,
            http2: line("2")?,
        })
    }
}

/// Every request has its client's address written; `Display` would cost 1,400 instructions each,
/// more than all look-ups of its headers.
fn dotted(ip: Ipv4Addr) -> HeaderValue {
    let (mut text, mut end) = ([0; 15], 0);
    for (number, octet) in ip.octets().into_iter().enumerate() {
        if number > 0 {
            text[end] = b'.';
            end += 1;
        }
        for (unit, is_shown) in [(100, octet >= 100), (10, octet >= 10), (1, true)] {
            if is_shown {
                text[end] = b'0' + octet / unit % 10;
                end += 1;
            }
        }
    }
    HeaderValue::from_bytes(&text[..end]).expect("digits and dots")
}

/// Appends to the last line of the field, so that readers of only one line see the whole list.
fn append_list(headers: &mut HeaderMap, name: &HeaderName, item: &[u8]) {
    let mut lines = headers.get_all(name).iter().peekable();
    let value = if lines.peek().is_none() {
        HeaderValue::from_bytes(item)
    } else {
        let mut joined = Vec::new();
        for line in lines.filter_map(|line| line.to_str().ok()) {
            joined.extend_from_slice(line.as_bytes());
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(item);
        HeaderValue::try_from(joined)
    };
    if let Ok(value) = value {
        headers.insert(name.clone(), value);
    }
}

/// One element of `Forwarded` (RFC 7239 §4): IPv6 addresses are bracketed and quoted.
fn element(hop: &Hop<'_>) -> String {
    let mut element = String::with_capacity(64);
    match hop.ip {
        Some(IpAddr::V4(ip)) => _ = write!(element, "for={ip};"),
        Some(IpAddr::V6(ip)) => _ = write!(element, "for=\"[{ip}]\";"),
        None => element.push_str("for=unknown;"),
    }
    if let Some(host) = hop.host.and_then(|host| host.to_str().ok())
        && !host.contains(['"', '\\'])
    {
        _ = write!(element, "host=\"{host}\";");
    }
    element.push_str(if hop.https {
        "proto=https"
    } else {
        "proto=http"
    });
    element
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(ip: &str) -> Hop<'static> {
        static HOST: HeaderValue = HeaderValue::from_static("shop.example:8080");
        Hop {
            ip: Some(ip.parse().unwrap()),
            host: Some(&HOST),
            https: true,
        }
    }

    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        for ip in [
            "0.0.0.0",
            "127.0.0.1",
            "10.20.30.99",
            "100.110.201.9",
            "255.255.255.255",
        ] {
            let ip: Ipv4Addr = ip.parse().unwrap();
            assert_eq!(dotted(ip), ip.to_string());
        }
    }

    #[test]
    fn a_first_hop_is_written() {
        let mut headers = HeaderMap::new();
        write(&mut headers, Forwarding::Replace, true, &hop("2001:db8::1"));
        assert_eq!(headers["x-forwarded-for"], "2001:db8::1");
        assert_eq!(headers["x-forwarded-host"], "shop.example:8080");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(
            headers["forwarded"],
            "for=\"[2001:db8::1]\";host=\"shop.example:8080\";proto=https"
        );
    }

    #[test]
    fn a_later_hop_is_appended_and_keeps_the_first_host() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "192.0.2.1".parse().unwrap());
        headers.append("x-forwarded-for", "192.0.2.2".parse().unwrap());
        headers.append("x-forwarded-host", "first.example".parse().unwrap());
        headers.append("forwarded", "for=192.0.2.1".parse().unwrap());
        write(&mut headers, Forwarding::Append, true, &hop("10.0.0.1"));
        assert_eq!(headers["x-forwarded-for"], "192.0.2.1, 192.0.2.2, 10.0.0.1");
        assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
        assert_eq!(headers["x-forwarded-host"], "first.example");
        assert_eq!(
            headers["forwarded"],
            "for=192.0.2.1, for=10.0.0.1;host=\"shop.example:8080\";proto=https"
        );
    }

    #[test]
    fn keep_adds_nothing() {
        let mut headers = HeaderMap::new();
        write(&mut headers, Forwarding::Keep, true, &hop("10.0.0.1"));
        assert!(headers.is_empty());
    }

    #[test]
    fn via_is_a_token_and_names_the_received_version() {
        assert!(ViaLines::new("a b").is_none());
        assert!(ViaLines::new("").is_none());
        let lines = ViaLines::new("edge").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("via", "1.0 first".parse().unwrap());
        via(&mut headers, Version::HTTP_2, &lines);
        let all: Vec<_> = headers.get_all("via").iter().collect();
        assert_eq!(all, ["1.0 first", "2 edge"]);
    }
}
