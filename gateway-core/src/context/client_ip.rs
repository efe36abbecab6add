use std::net::{IpAddr, Ipv6Addr};

/// The address of the client, as far as the gateway's operator trusts what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// The client's address. IPv4-mapped IPv6 (`::ffff:a.b.c.d`) becomes the IPv4 address it is,
    /// so that a list of IPv4 networks cannot be evaded by a dual-stack socket.
    #[must_use]
    pub const fn new(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }

    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// The address as a limiter should see it: IPv6 is cut to its /64, because one subscriber
    /// commonly has a whole /64 to send from.
    #[must_use]
    pub const fn grouped(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => {
                let s = ip.segments();
                IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
            }
        }
    }
}

impl From<IpAddr> for ClientIp {
    fn from(ip: IpAddr) -> Self {
        Self::new(ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_ipv4() {
        let ip: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(
            ClientIp::new(ip).ip(),
            "10.0.0.1".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn ipv6_is_grouped_by_64() {
        let a = ClientIp::new("2001:db8:1:2::3".parse().unwrap());
        let b = ClientIp::new("2001:db8:1:2:ffff::4".parse().unwrap());
        assert_eq!(a.grouped(), b.grouped());
        assert_ne!(a, b);
    }
}
