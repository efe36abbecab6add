//! Hosts as routes name them and as requests carry them.

use std::fmt;

use compact_str::CompactString;

/// Which hosts a route serves: one by name, or all below a domain.
///
/// `*.example.com` takes `a.example.com` and `a.b.example.com`, not `example.com` itself. Names are
/// compared without regard to case, port and a final dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    pub(super) name: CompactString,
    pub(super) wildcard: bool,
}

/// A host pattern that cannot match any request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name, an address or `*.` and a domain; a route serves all ports")]
pub struct HostError(String);

impl HostPattern {
    /// Reads a host name, an IP address, or `*.` and a domain.
    ///
    /// # Errors
    ///
    /// If no request could have this host.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (name, wildcard) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        let address = name.starts_with('[') && name.ends_with(']');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.is_empty() || !(address || name.bytes().all(plain)) {
            return Err(HostError(text.to_owned()));
        }
        Ok(Self {
            name: canonical(name),
            wildcard,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.wildcard { "*." } else { "" })?;
        f.write_str(&self.name)
    }
}

/// `host[:port]` as routes compare it: no port, no final dot, lower case.
pub(super) fn canonical(host: &str) -> CompactString {
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        CompactString::from(name.to_ascii_lowercase())
    } else {
        CompactString::from(name)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_without_port_case_and_dot() {
        assert_eq!(canonical("API.example.com:8443"), "api.example.com");
        assert_eq!(canonical("api.example.com."), "api.example.com");
        assert_eq!(canonical("[::1]:8080"), "[::1]");
        assert_eq!(canonical("[::1]"), "[::1]");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in ["", "*", "*.", "a b", "http://x", "a/b", "x:80"] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
        assert!(HostPattern::parse("*.example.com").unwrap().wildcard);
    }
}
