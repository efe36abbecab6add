use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
///
/// IPv4-mapped IPv6 addresses are the IPv4 addresses they are, on both sides of the comparison, so
/// that a dual-stack socket neither evades nor widens a list.
///
/// ```
/// use gateway_layers::client_ip::Cidr;
///
/// let network: Cidr = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
/// assert!("10.0.0.1/8".parse::<Cidr>().is_err());
/// # Ok::<(), gateway_layers::client_ip::ParseCidrError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The network of the first `prefix` bits of `network`.
    ///
    /// # Errors
    ///
    /// If the prefix is longer than the address, or bits beyond it are set: whoever writes
    /// `10.0.0.1/8` may have meant the host or the network, and the two differ by 16 million.
    pub fn new(network: IpAddr, prefix: u8) -> Result<Self, ParseCidrError> {
        let (network, prefix) = match (network, network.to_canonical()) {
            (IpAddr::V6(_), mapped @ IpAddr::V4(_)) if prefix >= 96 => (mapped, prefix - 96),
            (network, _) => (network, prefix),
        };
        if prefix > width(network) {
            return Err(ParseCidrError {
                reason: format!(
                    "/{prefix} is longer than the {} bits of {network}",
                    width(network)
                ),
            });
        }
        let masked = mask(network, prefix);
        if masked != network {
            return Err(ParseCidrError {
                reason: format!(
                    "{network}/{prefix} has bits beyond its prefix: write {masked}/{prefix} or {network}"
                ),
            });
        }
        Ok(Self { network, prefix })
    }

    /// Whether `ip` is in the network.
    #[must_use]
    pub fn contains(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_ipv4() == self.network.is_ipv4() && mask(ip, self.prefix) == self.network
    }
}

impl From<IpAddr> for Cidr {
    fn from(ip: IpAddr) -> Self {
        let network = ip.to_canonical();
        Self {
            network,
            prefix: width(network),
        }
    }
}

impl FromStr for Cidr {
    type Err = ParseCidrError;

    fn from_str(text: &str) -> Result<Self, ParseCidrError> {
        let malformed = || ParseCidrError {
            reason: format!(
                "`{text}` is not a network: write `10.0.0.0/8`, `2001:db8::/32` or one address"
            ),
        };
        let Some((network, prefix)) = text.split_once('/') else {
            return text
                .parse::<IpAddr>()
                .map(Self::from)
                .map_err(|_| malformed());
        };
        // `u8::from_str` takes `+8`, which no one writes on purpose.
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let network = network.parse().map_err(|_| malformed())?;
        Self::new(network, prefix.parse().map_err(|_| malformed())?)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(feature = "config")]
impl<'de> serde::Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "config")]
impl schemars::JsonSchema for Cidr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A network or a single address.",
            "examples": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]
        })
    }
}

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseCidrError {
    reason: String,
}

impl fmt::Display for ParseCidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ParseCidrError {}

const fn width(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn mask(ip: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn holds_its_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "1.2.3.4"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1"),
        ] {
            assert!(cidr(network).contains(inside.parse().unwrap()), "{network}");
            assert!(
                !cidr(network).contains(outside.parse().unwrap()),
                "{network}"
            );
        }
    }

    #[test]
    fn refuses_and_says_what_to_write() {
        let error = "10.0.0.1/8".parse::<Cidr>().unwrap_err().to_string();
        assert!(error.contains("10.0.0.0/8"), "{error}");
        for text in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10/8",
            "::/129",
            "10.0.0.0/+8",
            "a/8",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_network_contains_what_shares_its_prefix(bits: u32, other: u32, prefix in 0_u8..=32) {
            let masked = mask(IpAddr::V4(bits.into()), prefix);
            let network = Cidr::new(masked, prefix).unwrap();
            prop_assert!(network.contains(IpAddr::V4(bits.into())));
            let shared = (bits ^ other).leading_zeros() >= u32::from(prefix);
            prop_assert_eq!(network.contains(IpAddr::V4(other.into())), shared);
            prop_assert_eq!(network.to_string().parse(), Ok(network));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[0-9a-f:./+]{0,24}") {
            let _ = text.parse::<Cidr>();
        }
    }
}
