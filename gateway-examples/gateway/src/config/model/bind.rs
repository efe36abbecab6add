use std::{borrow::Cow, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::addr::{Addr, AddrError};

/// Where a listener is: `127.0.0.1:8080`, `[::1]:8080`, or `unix:/run/gateway.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Bind {
    /// An address and port.
    Tcp(Addr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Bind {
    /// The address, if it is one.
    #[must_use]
    pub const fn addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(addr) => Some(addr.get()),
            Self::Unix(_) => None,
        }
    }
}

impl From<Addr> for Bind {
    fn from(addr: Addr) -> Self {
        Self::Tcp(addr)
    }
}

impl FromStr for Bind {
    type Err = BindError;

    fn from_str(text: &str) -> Result<Self, BindError> {
        let Some(path) = text.strip_prefix("unix:") else {
            return Ok(Self::Tcp(text.parse()?));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(BindError::NoPath),
            _ if path.len() > MAX_PATH => Err(BindError::LongPath),
            path => Ok(Self::Unix(path.into())),
        }
    }
}

/// Why a text is nowhere to listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// It is not an address.
    #[error(transparent)]
    Addr(#[from] AddrError),
    /// `unix:` and nothing more.
    #[error("`unix:` needs a path, such as `unix:/run/gateway.sock`")]
    NoPath,
    /// The system takes no more.
    #[error("the path of a Unix socket has {MAX_PATH} bytes at most")]
    LongPath,
}

impl TryFrom<String> for Bind {
    type Error = BindError;

    fn try_from(text: String) -> Result<Self, BindError> {
        text.parse()
    }
}

impl From<Bind> for String {
    fn from(bind: Bind) -> Self {
        bind.to_string()
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl JsonSchema for Bind {
    fn schema_name() -> Cow<'static, str> {
        "Bind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An IP address and a port, where port 0 picks a free one, or `unix:` and a path.",
            "examples": ["127.0.0.1:8080", "[::1]:8080", "unix:/run/gateway.sock"]
        })
    }
}

/// `sun_path` with its NUL.
const MAX_PATH: usize = 107;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths() {
        let bind = |text: &str| text.parse::<Bind>().map_err(|error| error.to_string());
        assert_eq!(bind("127.0.0.1:80").unwrap().to_string(), "127.0.0.1:80");
        for text in ["unix:/run/g.sock", "unix:///run/g.sock"] {
            assert_eq!(
                bind(text).unwrap(),
                Bind::Unix("/run/g.sock".into()),
                "{text}"
            );
        }
        assert_eq!(bind("unix:g.sock").unwrap(), Bind::Unix("g.sock".into()));
        assert!(bind("8080").unwrap_err().contains("127.0.0.1:8080"));
        assert!(bind("unix:").unwrap_err().contains("path"));
        let long = format!("unix:/{}", "x".repeat(200));
        assert!(bind(&long).unwrap_err().contains("107"));
    }
}
