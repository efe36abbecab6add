//! Entries of forwarding headers, from the right.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

/// The addresses a forwarding header lists, nearest hop first; `None` is an entry that is none.
///
/// Several lines of one header are one list (RFC 9110 §5.3), and a line that is not text is one
/// malformed entry: skipping it would let its sender hide a hop.
pub(super) fn hops<'a>(
    headers: &'a HeaderMap,
    name: &'a HeaderName,
) -> impl Iterator<Item = Option<IpAddr>> + 'a {
    let read = if name == header::FORWARDED {
        element
    } else {
        address
    };
    headers
        .get_all(name)
        .iter()
        .rev()
        .flat_map(|line| Entries::of(line.as_bytes()))
        .map(move |entry| read(std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t'])))
}

/// Comma-separated entries of one line from the right; commas inside quotes do not separate.
///
/// Quotes are matched from the right too: what the nearest proxy wrote is cut off correctly even if
/// a client left a quote open further left.
struct Entries<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Entries<'a> {
    const fn of(line: &'a [u8]) -> Self {
        Self { rest: Some(line) }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest?;
            let mut quoted = false;
            let cut = rest.iter().rposition(|byte| {
                quoted ^= *byte == b'"';
                *byte == b',' && !quoted
            });
            self.rest = cut.map(|at| &rest[..at]);
            let entry = cut.map_or(rest, |at| &rest[at + 1..]);
            // A list may have empty elements, which mean nothing (RFC 9110 §5.6.1.2).
            if !entry.trim_ascii().is_empty() {
                return Some(entry);
            }
        }
    }
}

/// One entry of `X-Forwarded-For`: an address, perhaps with a port, which some proxies add.
fn address(text: &str) -> Option<IpAddr> {
    let text = unquote(text)?;
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(ip);
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(socket.ip());
    }
    let bare = text.strip_prefix('[')?.strip_suffix(']')?;
    bare.parse().ok().map(IpAddr::V6)
}

/// One element of `Forwarded`: the `for` parameter, exactly once (RFC 7239 §4).
fn element(text: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in text.split(';') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            found = Some(value.trim());
        }
    }
    address(found?)
}

/// Quotes come in pairs or not at all.
fn unquote(text: &str) -> Option<&str> {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(name: &'static str, lines: &[&str]) -> Vec<Option<String>> {
        let name = HeaderName::from_static(name);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, line.parse().unwrap());
        }
        hops(&headers, &name)
            .map(|hop| hop.map(|ip| ip.to_string()))
            .collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn lists_are_read_from_the_right_across_lines() {
        let hops = read(
            "x-forwarded-for",
            &["1.1.1.1, 2.2.2.2", "3.3.3.3 ,, 4.4.4.4,"],
        );
        let expected = ["4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1"].map(some);
        assert_eq!(hops, expected);
    }

    #[test]
    fn addresses_may_have_ports_brackets_and_quotes() {
        for (text, ip) in [
            ("192.0.2.1:8080", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("\"192.0.2.1\"", "192.0.2.1"),
        ] {
            assert_eq!(read("x-forwarded-for", &[text]), [some(ip)], "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_an_entry_all_the_same() {
        for text in [
            "unknown",
            "_hidden",
            "1.2.3",
            "1.2.3.4.5",
            "[::1",
            "\"1.1.1.1",
            "1.1.1.1 2.2.2.2",
            "010.0.0.1",
        ] {
            assert_eq!(read("x-forwarded-for", &[text]), [None], "{text}");
        }
    }

    #[test]
    fn forwarded_elements_name_one_client() {
        let line = "for=192.0.2.43;proto=https, For=\"[2001:db8:cafe::17]:4711\" ; by=x, for=_a, proto=http, for=1.1.1.1;for=2.2.2.2";
        let expected = [
            None,
            None,
            None,
            some("2001:db8:cafe::17"),
            some("192.0.2.43"),
        ];
        assert_eq!(read("forwarded", &[line]), expected);
    }

    #[test]
    fn a_quoted_comma_does_not_separate() {
        let line = "for=1.1.1.1;by=\"a,b\", for=2.2.2.2";
        assert_eq!(
            read("forwarded", &[line]),
            [some("2.2.2.2"), some("1.1.1.1")]
        );
    }

    #[test]
    fn an_open_quote_cannot_swallow_what_the_proxy_wrote() {
        let hops = read("x-forwarded-for", &["\"9.9.9.9, 1.1.1.1"]);
        assert_eq!(hops, [some("1.1.1.1"), None]);
    }

    #[test]
    fn a_megabyte_of_commas_is_an_empty_list() {
        assert!(read("x-forwarded-for", &[&",".repeat(1 << 20)]).is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..4)) {
            for name in [header::FORWARDED, HeaderName::from_static("x-forwarded-for")] {
                let mut headers = HeaderMap::new();
                for line in lines.iter().filter_map(|line| http::HeaderValue::from_bytes(line).ok()) {
                    headers.append(&name, line);
                }
                let _ = hops(&headers, &name).count();
            }
        }

        #[test]
        fn an_honest_list_reads_back(ips: Vec<u32>) {
            let text: Vec<_> = ips.iter().map(|ip| std::net::Ipv4Addr::from_bits(*ip).to_string()).collect();
            let mut read = read("x-forwarded-for", &[&text.join(", ")]);
            read.reverse();
            prop_assert_eq!(read, text.into_iter().map(Some).collect::<Vec<_>>());
        }
    }
}
