//! Which hosts and ports may be asked for. No I/O.

use std::str::FromStr;

/// The rule for hosts and ports.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) allow: Vec<Pattern>,
    pub(super) deny: Vec<Pattern>,
    pub(super) ports: Vec<u16>,
}

/// A host, or all hosts below one, and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Any,
    Below(Box<str>),
    Exactly(Box<str>),
}

impl Policy {
    /// Whether `host`, without brackets, may be asked for on `port`.
    pub(super) fn admits(&self, host: &str, port: u16) -> bool {
        let host = normal(host);
        if self.deny.iter().any(|pattern| pattern.covers(&host, port)) {
            return false;
        }
        let usual = self.ports.contains(&port);
        if self.allow.is_empty() {
            return usual;
        }
        let mut each = self.allow.iter();
        each.any(|pattern| pattern.covers(&host, port) && (usual || pattern.port.is_some()))
    }
}

impl Pattern {
    fn covers(&self, host: &str, port: u16) -> bool {
        let host = match &self.name {
            Name::Any => true,
            Name::Exactly(name) => host == &**name,
            Name::Below(name) => host
                .strip_suffix(&**name)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        };
        host && self.port.is_none_or(|own| own == port)
    }
}

impl FromStr for Pattern {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = split(text).ok_or(())?;
        let name = match host.strip_prefix("*.") {
            _ if host == "*" => Name::Any,
            Some(below) if is_name(below) => Name::Below(normal(below).into()),
            None if is_name(host) || host.parse::<std::net::IpAddr>().is_ok() => {
                Name::Exactly(normal(host).into())
            }
            _ => return Err(()),
        };
        Ok(Self { name, port })
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port` or an IPv6 address; the host without brackets.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((text, None)),
    }
}

fn is_name(text: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(named)
}

/// Names are the same in any case and with the dot of the root; addresses in any spelling.
fn normal(host: &str) -> String {
    if let Ok(ip) = host.parse::<std::net::IpAddr>() {
        return ip.to_canonical().to_string();
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Policy {
            allow: parse(allow),
            deny: parse(deny),
            ports: vec![80, 443],
        }
    }

    #[test]
    fn hosts_by_pattern() {
        let policy = policy(
            &["*.Example.com", "a.test:8443", "[::1]:9", "*.x"],
            &["evil.example.com", "b.x:80"],
        );
        for (host, port) in [
            ("www.example.com", 443),
            ("WWW.EXAMPLE.COM", 80),
            ("a.b.example.com.", 443),
            ("a.test", 8443),
            ("::1", 9),
            ("0:0:0:0:0:0:0:1", 9),
            ("b.x", 443),
        ] {
            assert!(policy.admits(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("example.com", 443),
            ("notexample.com", 443),
            (".example.com", 443),
            ("www.example.com", 22),
            ("evil.example.com", 443),
            ("EVIL.example.com.", 443),
            ("a.test", 443),
            ("b.x", 80),
            ("::1", 80),
        ] {
            assert!(!policy.admits(host, port), "{host}:{port}");
        }
    }

    #[test]
    fn without_a_list_all_hosts_on_the_usual_ports() {
        let policy = policy(&[], &["10.0.0.1"]);
        assert!(policy.admits("anything", 443) && !policy.admits("anything", 25));
        assert!(!policy.admits("10.0.0.1", 80) && !policy.admits("::ffff:10.0.0.1", 80));
    }

    #[test]
    fn what_is_no_pattern() {
        for wrong in [
            "", "*.", "a*b", "*a", "a:b", "a:70000", "[::1", "a/b", ".a", "u@h",
        ] {
            assert_eq!(wrong.parse::<Pattern>(), Err(()), "{wrong}");
        }
    }
}
