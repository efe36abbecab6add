use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether the host of an address is this machine, or one of a network that is not everybody's, as far
/// as its text tells: names are not resolved here, which is up to whoever fetches.
///
/// Numbers are read as the URL standard has them – `http://2130706433/` and `http://0x7f.1/` are
/// `127.0.0.1` – and a host that would have to be decoded first counts as inside. So does an address
/// with tabs or line breaks in it, which that standard takes out before it looks for the host.
pub(super) fn is_internal(url: &str) -> bool {
    if url.contains(['\t', '\n', '\r']) {
        return true;
    }
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Some(inside) = host.strip_prefix('[') {
        let text = inside.split(']').next().unwrap_or_default();
        let ip = text.parse::<Ipv6Addr>();
        // What is none, or has a zone, is left to nobody's reading.
        return ip.map_or(true, is_internal_v6);
    }
    if !host.is_ascii() || host.contains('%') {
        return true;
    }
    let name = host.split(':').next().unwrap_or_default();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if let Some(ip) = number(&name) {
        return is_internal_v4(ip);
    }
    name == "localhost" || INSIDE.iter().any(|end| name.ends_with(end))
}

/// The ends of names that no public resolver answers for.
const INSIDE: [&str; 3] = [".localhost", ".local", ".internal"];

fn is_internal_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    a == 0
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        // Shared between a carrier and its customers.
        || (a == 100 && b & 0b1100_0000 == 64)
}

fn is_internal_v6(ip: Ipv6Addr) -> bool {
    ip.is_unique_local()
        || ip.is_unicast_link_local()
        // RFC 3879: site-local is not assigned any more, but routed as it ever was.
        || ip.segments()[0] & 0xffc0 == 0xfec0
        || inner(ip).is_some_and(is_internal_v4)
}

/// The IPv4 address that an IPv6 address leads to: mapped and compatible (RFC 4291, which makes `::`
/// and `::1` addresses of `0.0.0.0/8`), NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn inner(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            (high, low)
        }
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

/// An IPv4 address of one to four numbers, each decimal, octal or hexadecimal; the last one fills what
/// the others leave.
fn number(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = name.split('.').map(part).collect::<Option<_>>()?;
    let (last, head) = parts.split_last().filter(|(_, head)| head.len() < 4)?;
    let mut room = 32;
    let mut address = 0;
    for part in head {
        room -= 8;
        address |= u32::from(u8::try_from(*part).ok()?) << room;
    }
    let fits = room == 32 || *last >> room == 0;
    fits.then(|| Ipv4Addr::from(address | last))
}

fn part(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some("") => Some(0),
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_told_however_it_is_spelled() {
        for url in [
            "http://127.0.0.1:1/x.png",
            "http://169.254.169.254/latest/meta-data/",
            "https://10.1.2.3/",
            "http://user:word@192.168.0.1/",
            "http://evil.example@172.16.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.01/",
            "http://127.1",
            "http://0/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]:80/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[fe80::1%25eth0]/",
            "http://[fec0::1]/",
            "http://[::]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[2002:7f00:1::]/",
            "http://[not an address]/",
            "http://127.0.0.1\t/",
            "http://127.0.0\n.1/",
            "http://example.com\r/",
            "http://localhost./x",
            "http://LOCALHOST:8080",
            "http://a.localhost/",
            "http://metadata.google.internal/",
            "http://printer.local#x",
            "http://%6c%6fcalhost/",
            "http://１２７.0.0.1/",
            "http://127.0.0.1\\@example.com/",
        ] {
            assert!(is_internal(url), "{url}");
        }
        for url in [
            "https://example.com/a.png",
            "https://203.0.113.9/a.png",
            "http://8.8.8.8",
            "http://[2001:4860:4860::8888]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[64:ff9b::8.8.8.8]/",
            "http://[2002:808:808::1]/",
            "http://localhost.example.com/",
            "http://10.example.com/",
            "http://example.com/?at=127.0.0.1",
            "https://1.2.3.4.5/",
            "https://256.1.1.1/",
        ] {
            assert!(!is_internal(url), "{url}");
        }
    }
}
