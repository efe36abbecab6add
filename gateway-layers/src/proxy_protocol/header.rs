//! What a PROXY header says. No I/O.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Who a proxy says is behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    source: Option<SocketAddr>,
}

impl ProxyHeader {
    /// The client's address; `None` if the proxy speaks for itself (`LOCAL`, a health check) or does
    /// not know (`UNKNOWN`, a Unix socket).
    #[must_use]
    pub const fn source(&self) -> Option<SocketAddr> {
        self.source
    }
}

/// What bytes are so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A header, and how many bytes it has.
    Header(ProxyHeader, usize),
    /// The beginning of one.
    Partial,
    /// Not a header: neither signature.
    Absent,
    /// One of the signatures, and then something else.
    Malformed,
}

/// Reads a header of version 1 or 2 from the beginning of `bytes`.
///
/// Strict where others were fooled: decimal ports without leading zeros, one space between parts,
/// addresses of the announced family, `\r\n` within 107 bytes.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    if starts(bytes, V2) {
        return match bytes.len() < V2.len() {
            true => Parsed::Partial,
            false => v2(bytes),
        };
    }
    if starts(bytes, V1) {
        return match bytes.len() < V1.len() {
            true => Parsed::Partial,
            false => v1(bytes),
        };
    }
    Parsed::Absent
}

/// Whether the two agree as far as they go.
fn starts(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(byte, sign)| byte == sign)
}

fn v1(bytes: &[u8]) -> Parsed {
    let window = bytes.get(..V1_MAX).unwrap_or(bytes);
    let Some(end) = window.windows(2).position(|two| two == b"\r\n") else {
        return match bytes.len() < V1_MAX {
            true => Parsed::Partial,
            false => Parsed::Malformed,
        };
    };
    let line = window.get(V1.len()..end);
    let line = line.and_then(|line| std::str::from_utf8(line).ok());
    match line.and_then(v1_source) {
        Some(source) => Parsed::Header(ProxyHeader { source }, end + 2),
        None => Parsed::Malformed,
    }
}

fn v1_source(line: &str) -> Option<Option<SocketAddr>> {
    // What follows `UNKNOWN` is to be ignored.
    if line == "UNKNOWN" || line.starts_with("UNKNOWN ") {
        return Some(None);
    }
    let mut parts = line.split(' ');
    let family = parts.next()?;
    let (source, target) = (parts.next()?, parts.next()?);
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse().ok().map(IpAddr::V4),
            "TCP6" => text.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (source, _) = (address(source)?, address(target)?);
    let (port, _) = (port(parts.next()?)?, port(parts.next()?)?);
    parts
        .next()
        .is_none()
        .then(|| Some(SocketAddr::new(source, port)))
}

fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let minimal = text == "0" || !text.starts_with('0');
    (plain && minimal).then(|| text.parse().ok()).flatten()
}

fn v2(bytes: &[u8]) -> Parsed {
    let Some((head, rest)) = bytes.split_first_chunk::<V2_HEAD>() else {
        return Parsed::Partial;
    };
    let (command, family) = (head[12], head[13]);
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    if command >> 4 != 2 || command & 0xf > 1 || length > V2_MAX {
        return Parsed::Malformed;
    }
    let Some(payload) = rest.get(..length) else {
        return Parsed::Partial;
    };
    let source = match (command & 0xf, family >> 4) {
        (0, _) => None,
        (_, 0x1) => match source::<4>(payload) {
            Some((octets, port)) => Some(SocketAddr::new(Ipv4Addr::from(octets).into(), port)),
            None => return Parsed::Malformed,
        },
        (_, 0x2) => match source::<16>(payload) {
            Some((octets, port)) => Some(SocketAddr::new(Ipv6Addr::from(octets).into(), port)),
            None => return Parsed::Malformed,
        },
        _ => None,
    };
    Parsed::Header(ProxyHeader { source }, V2_HEAD + length)
}

/// Source, target, source port, target port; extensions may follow.
fn source<const N: usize>(payload: &[u8]) -> Option<([u8; N], u16)> {
    let address = payload.get(..N)?.try_into().ok()?;
    let ports: [u8; 4] = payload.get(2 * N..2 * N + 4)?.try_into().ok()?;
    Some((address, u16::from_be_bytes([ports[0], ports[1]])))
}

const V1: &[u8] = b"PROXY ";
/// With its line end, by the specification.
const V1_MAX: usize = 107;
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_HEAD: usize = 16;
/// Addresses and extensions. The specification allows 64 KiB and promises that 536 will do; with
/// certificates in the extensions, some send more.
const V2_MAX: usize = 4096;
/// No header is longer.
pub(super) const LONGEST: usize = V2_HEAD + V2_MAX;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(bytes: &[u8]) -> Result<Option<String>, Parsed> {
        match parse(bytes) {
            Parsed::Header(header, used) if used == bytes.len() => {
                Ok(header.source().map(|source| source.to_string()))
            }
            other => Err(other),
        }
    }

    fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [V2, &[0x20 | command, family], &length, payload].concat()
    }

    #[test]
    fn version_1() {
        for (line, source) in [
            ("TCP4 192.0.2.1 192.0.2.9 5000 443", Some("192.0.2.1:5000")),
            ("TCP6 2001:db8::1 ::1 1 0", Some("[2001:db8::1]:1")),
            ("UNKNOWN", None),
            ("UNKNOWN anything at all", None),
        ] {
            let bytes = format!("PROXY {line}\r\n");
            assert_eq!(
                said(bytes.as_bytes()),
                Ok(source.map(str::to_owned)),
                "{line}"
            );
        }
        for line in [
            "",
            "TCP4",
            "TCP4 192.0.2.1 192.0.2.9 5000",
            "TCP4 192.0.2.1 192.0.2.9 5000 443 x",
            "TCP4  192.0.2.1 192.0.2.9 5000 443",
            "TCP4 2001:db8::1 ::1 1 1",
            "TCP6 192.0.2.1 192.0.2.9 1 1",
            "TCP4 192.0.2.1 192.0.2.9 05000 443",
            "TCP4 192.0.2.1 192.0.2.9 +500 443",
            "TCP4 192.0.2.1 192.0.2.9 70000 443",
            "TCP4 192.0.2.01 192.0.2.9 1 1",
            "UDP4 192.0.2.1 192.0.2.9 1 1",
            "UNKNOWNX",
        ] {
            let bytes = format!("PROXY {line}\r\n");
            assert_eq!(said(bytes.as_bytes()), Err(Parsed::Malformed), "{line:?}");
        }
        let endless = [b"PROXY ".as_slice(), &[b'x'; 200]].concat();
        assert_eq!(parse(&endless), Parsed::Malformed);
    }

    #[test]
    fn version_2() {
        let four = [192, 0, 2, 1, 192, 0, 2, 9, 0x13, 0x88, 1, 0xbb];
        assert_eq!(said(&v2(1, 0x11, &four)), Ok(Some("192.0.2.1:5000".into())));
        let mut with_extensions = four.to_vec();
        with_extensions.extend([4, 0, 1, 0]);
        let read = said(&v2(1, 0x11, &with_extensions));
        assert_eq!(read, Ok(Some("192.0.2.1:5000".into())));
        let mut six = [0; 36];
        six[15] = 1;
        six[33] = 7;
        assert_eq!(said(&v2(1, 0x21, &six)), Ok(Some("[::1]:7".into())));
        // The proxy itself; an unknown family; a Unix socket.
        assert_eq!(said(&v2(0, 0, &[])), Ok(None));
        assert_eq!(said(&v2(0, 0x11, &four)), Ok(None));
        assert_eq!(said(&v2(1, 0, &[])), Ok(None));
        assert_eq!(said(&v2(1, 0x31, &[0; 216])), Ok(None));
        for bad in [
            v2(1, 0x11, &four[..11]),
            v2(1, 0x21, &four),
            v2(2, 0x11, &four),
            v2(1, 0x11, &[0; 5000]),
        ] {
            assert_eq!(said(&bad), Err(Parsed::Malformed));
        }
        let mut other_version = v2(1, 0x11, &four);
        other_version[12] = 0x11;
        assert_eq!(said(&other_version), Err(Parsed::Malformed));
    }

    #[test]
    fn what_is_not_a_header() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PRI * HTTP/2.0",
            b"\x16\x03\x01",
            b"PROXZ",
        ] {
            assert_eq!(parse(bytes), Parsed::Absent);
        }
        for bytes in [&b""[..], b"P", b"PROXY TCP4 1", b"\r\n\r\n", b"PROXY x\r"] {
            assert_eq!(parse(bytes), Parsed::Partial);
        }
    }

    proptest! {
        #[test]
        fn written_is_read_and_every_beginning_is_partial(
            source: SocketAddr, target: SocketAddr, old: bool, after: Vec<u8>,
        ) {
            let bytes = match (source.ip(), target.ip()) {
                (IpAddr::V4(from), IpAddr::V4(to)) if old => format!(
                    "PROXY TCP4 {from} {to} {} {}\r\n", source.port(), target.port()
                ).into_bytes(),
                (IpAddr::V6(from), IpAddr::V6(to)) if old => format!(
                    "PROXY TCP6 {from} {to} {} {}\r\n", source.port(), target.port()
                ).into_bytes(),
                (from, _) => {
                    let port = source.port().to_be_bytes();
                    let (family, octets) = match from {
                        IpAddr::V4(ip) => (0x11, [ip.octets().as_slice(), &[0; 4]].concat()),
                        IpAddr::V6(ip) => (0x21, [ip.octets().as_slice(), &[0; 16]].concat()),
                    };
                    v2(1, family, &[octets.as_slice(), &port, &[0; 2]].concat())
                }
            };
            for end in 0..bytes.len() {
                prop_assert_eq!(parse(&bytes[..end]), Parsed::Partial);
            }
            let expected = SocketAddr::new(source.ip(), source.port());
            let header = ProxyHeader { source: Some(expected) };
            let found = parse(&[bytes.as_slice(), &after].concat());
            prop_assert_eq!(found, Parsed::Header(header, bytes.len()));
        }

        #[test]
        fn bytes_never_panic_and_are_bounded(bytes: Vec<u8>, signed: bool) {
            let bytes = match signed {
                true => [V2, &bytes].concat(),
                false => bytes,
            };
            if let Parsed::Header(_, used) = parse(&bytes) {
                prop_assert!(used <= bytes.len() && used <= LONGEST);
            }
        }
    }
}
