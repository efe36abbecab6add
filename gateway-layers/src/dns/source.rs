use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use http::Uri;

/// The URL of an endpoint whose host is a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
    path: Box<str>,
    srv: bool,
}

/// One place a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Target {
    /// When it is used, by the service record.
    pub priority: u32,
    /// Its address and port.
    pub address: SocketAddr,
    /// How much it can take, by the service record.
    pub weight: u32,
}

impl Target {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self {
            priority: 0,
            address,
            weight: 1,
        }
    }
}

impl Source {
    /// Reads `http://name:port/path`, or `srv+http://_http._tcp.name/path` for service records; both
    /// with `https` too. `None` if it is not such a URL, or if its host is an address already.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (srv, plain) = match url.strip_prefix(SRV) {
            Some(plain) => (true, plain),
            None => (false, url),
        };
        let uri: Uri = plain.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let host = uri.host()?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_http = scheme == "http" || scheme == "https";
        if !is_http || bare.parse::<IpAddr>().is_ok() || (srv && uri.port().is_some()) {
            return None;
        }
        Some(Self {
            scheme: scheme.into(),
            host: host.into(),
            port: uri.port_u16(),
            path: uri.path().into(),
            srv,
        })
    }

    /// Whether service records are asked for, and not addresses.
    #[must_use]
    pub const fn is_srv(&self) -> bool {
        self.srv
    }

    /// Whether it is spoken to over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        &*self.scheme == "https"
    }

    /// The name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name as `Host` has it, with its port if the URL has one.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// The URL of one of its targets.
    #[must_use]
    pub fn url(&self, target: &Target) -> String {
        format!("{}://{}{}", self.scheme, target.address, self.path)
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.is_https() { 443 } else { 80 })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let srv = if self.srv { SRV } else { "" };
        write!(
            f,
            "{srv}{}://{}{}",
            self.scheme,
            self.authority(),
            self.path
        )
    }
}

const SRV: &str = "srv+";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sources_and_addresses_are_not() {
        let source = Source::parse("http://shop.internal:81/v1").expect("a name");
        assert_eq!((source.host(), source.port()), ("shop.internal", 81));
        assert_eq!(source.authority(), "shop.internal:81");
        let target = Target::new("10.0.0.1:81".parse().expect("an address"));
        assert_eq!(source.url(&target), "http://10.0.0.1:81/v1");
        let six = Target::new("[::1]:81".parse().expect("an address"));
        assert_eq!(source.url(&six), "http://[::1]:81/v1");
        let secure = Source::parse("https://shop").expect("a name");
        assert_eq!((secure.port(), &*secure.authority()), (443, "shop"));
        for url in [
            "http://10.0.0.1",
            "https://[::1]:8443/",
            "ftp://shop",
            "shop",
            "srv+http://_http._tcp.shop:80",
            "srv+ftp://_ftp._tcp.shop",
        ] {
            assert_eq!(Source::parse(url), None, "{url}");
        }
        let service = Source::parse("srv+https://_shop._tcp.internal/v1").expect("a service");
        assert!(service.is_srv() && service.is_https());
        assert_eq!(service.to_string(), "srv+https://_shop._tcp.internal/v1");
    }
}
