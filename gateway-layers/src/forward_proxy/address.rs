//! Which addresses may be dialled. No I/O.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::client_ip::Cidr;

/// The rule for addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    pub(super) allow: Vec<Cidr>,
    pub(super) deny: Vec<Cidr>,
}

impl Addresses {
    /// Whether `ip` may be dialled.
    pub(super) fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        // An IPv6 address that leads to one of IPv4 is judged as both.
        let inner = embedded(ip).map(IpAddr::V4);
        let in_list = |list: &[Cidr]| {
            let mut each = list.iter();
            each.any(|net| net.contains(ip) || inner.is_some_and(|inner| net.contains(inner)))
        };
        !in_list(&self.deny)
            && (self.allow.iter().any(|net| net.contains(ip))
                || is_public(ip) && inner.is_none_or(is_public))
    }
}

/// Whether an address is one of the public internet. The standard library has no stable answer;
/// these are the registries of RFC 6890.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        // Shared between a provider and its customers.
        || (a == 100 && b & 0b1100_0000 == 64)
        // Assignments of the IETF, and benchmarks.
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && b & 0xfe == 18)
        // Former relays of 6to4.
        || (a, b, c) == (192, 88, 99)
        // Reserved, and broadcast.
        || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is global unicast at all; NAT64 is public where its inside is.
    let global = a & 0xe000 == 0x2000 || (a == 0x64 && b == 0xff9b);
    // Teredo and other protocol assignments, documentation.
    let special = (a == 0x2001 && b < 0x200) || (a, b) == (0x2001, 0xdb8) || a == 0x3fff;
    global && !special
}

/// The IPv4 address inside one of IPv6 that a router unwraps: NAT64 (RFC 6052) and 6to4.
fn embedded(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0x64, 0xff9b, _, _, _, _, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(allow: &[&str], deny: &[&str]) -> Addresses {
        let parse = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect();
        Addresses {
            allow: parse(allow),
            deny: parse(deny),
        }
    }

    #[test]
    fn only_the_public_internet_by_default() {
        let rule = rule(&[], &[]);
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "192.0.1.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(rule.admits(public.parse().unwrap()), "{public}");
        }
        for not in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.1.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!rule.admits(not.parse().unwrap()), "{not}");
        }
    }

    #[test]
    fn lists_add_and_take_away() {
        let rule = rule(&["127.0.0.0/8", "fd00::/8"], &["127.0.0.53", "1.1.1.0/24"]);
        let admits = |ip: &str| rule.admits(ip.parse().unwrap());
        assert!(admits("127.0.0.1") && admits("::ffff:127.0.0.1") && admits("fd00::1"));
        assert!(!admits("127.0.0.53") && !admits("::ffff:127.0.0.53"));
        assert!(!admits("1.1.1.1") && !admits("64:ff9b::101:101") && admits("1.1.2.1"));
        assert!(!admits("10.0.0.1") && !admits("64:ff9b::7f00:1"));
    }
}
