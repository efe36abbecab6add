//! Which address to believe. Pure: a peer, a list of hops, a question about trust.

use std::net::IpAddr;

/// The right-most address that is not `trusted`.
///
/// `hops` are nearest first. While the hop that *wrote* an entry is trusted, the entry is a fact;
/// the first entry that is not a trusted proxy is the client. If all are trusted, the request was
/// made by the last of them. A malformed entry ends the walk at the proxy that wrote it.
pub(super) fn client(
    peer: IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let mut client = peer;
    for hop in hops {
        if !trusted(client) {
            break;
        }
        let Some(next) = hop else { break };
        client = next;
    }
    client
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(ip: IpAddr) -> bool {
        matches!(ip, IpAddr::V4(ip) if ip.octets()[0] == 10)
    }

    fn resolve(peer: &str, hops: &[&str]) -> String {
        let hops = hops.iter().map(|hop| hop.parse().ok());
        client(peer.parse().unwrap(), hops, ours).to_string()
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        for (peer, hops, expected) in [
            ("8.8.8.8", &["1.1.1.1"][..], "8.8.8.8"),
            ("10.0.0.1", &["1.1.1.1", "9.9.9.9"], "1.1.1.1"),
            ("10.0.0.1", &["10.0.0.2", "1.1.1.1", "10.0.0.3"], "1.1.1.1"),
            ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["unknown", "1.1.1.1"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2", "junk", "1.1.1.1"], "10.0.0.2"),
            ("10.0.0.1", &["1.1.1.1", "junk"], "1.1.1.1"),
        ] {
            assert_eq!(resolve(peer, hops), expected, "{peer} {hops:?}");
        }
    }

    proptest! {
        /// Whatever a client writes to the left of its own address changes nothing.
        #[test]
        fn the_left_end_is_without_influence(forged: Vec<Option<u32>>) {
            let honest = [Some("1.1.1.1".parse().unwrap())];
            let forged = forged.into_iter().map(|ip| ip.map(|ip| IpAddr::V4(ip.into())));
            let found = client("10.0.0.1".parse().unwrap(), honest.into_iter().chain(forged), ours);
            prop_assert_eq!(found, "1.1.1.1".parse::<IpAddr>().unwrap());
        }
    }
}
