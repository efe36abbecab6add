use std::{borrow::Cow, fmt, net::SocketAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`; port 0 picks a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Addr(SocketAddr);

impl Addr {
    /// The address as the standard library's type.
    #[must_use]
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

impl From<SocketAddr> for Addr {
    fn from(addr: SocketAddr) -> Self {
        Self(addr)
    }
}

/// Why a text is not an address, with what to write instead where that is clear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address{hint}")]
pub struct AddrError {
    text: String,
    hint: String,
}

impl FromStr for Addr {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        text.parse().map(Self).map_err(|_| AddrError {
            text: text.to_owned(),
            hint: hint(text),
        })
    }
}

fn hint(text: &str) -> String {
    let port = |text: &str| text.parse::<u16>().is_ok();
    if port(text) {
        return format!(": write `127.0.0.1:{text}`, or `0.0.0.0:{text}` for all interfaces");
    }
    match text.rsplit_once(':') {
        Some(("" | "*", tail)) if port(tail) => format!(": write `0.0.0.0:{tail}`"),
        Some(("localhost", tail)) if port(tail) => format!(": write `127.0.0.1:{tail}`"),
        Some((_, tail)) if port(tail) => ": the host must be an IP address".to_owned(),
        _ if text.parse::<std::net::IpAddr>().is_ok() => ": the port is missing".to_owned(),
        _ => ": write an IP address and a port, such as `127.0.0.1:8080`".to_owned(),
    }
}

impl TryFrom<String> for Addr {
    type Error = AddrError;

    fn try_from(text: String) -> Result<Self, AddrError> {
        text.parse()
    }
}

impl From<Addr> for String {
    fn from(addr: Addr) -> Self {
        addr.to_string()
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Addr {
    fn schema_name() -> Cow<'static, str> {
        "Addr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An IP address and a port; port 0 picks a free one.",
            "examples": ["127.0.0.1:8080", "[::1]:8080"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_write() {
        assert!("127.0.0.1:0".parse::<Addr>().is_ok());
        assert!("[::1]:8080".parse::<Addr>().is_ok());
        for (text, part) in [
            ("8080", "write `127.0.0.1:8080`"),
            (":8080", "write `0.0.0.0:8080`"),
            ("*:8080", "write `0.0.0.0:8080`"),
            ("localhost:8080", "write `127.0.0.1:8080`"),
            ("example.com:80", "must be an IP address"),
            ("127.0.0.1", "port is missing"),
            ("127.0.0.1:99999", "such as `127.0.0.1:8080`"),
            ("", "such as `127.0.0.1:8080`"),
        ] {
            let error = text.parse::<Addr>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
