//! The doubles by name, as `gateway mock` serves them.

use std::fmt;
use std::io;
use std::str::FromStr;

use axum::Router;
use tokio::net::TcpListener;

use super::fault::Fault;
use super::fault::Faults;
use super::idp::IdpServer;
use super::model::ModelServer;
use super::serve::serve;
use super::upstream::UpstreamServer;

/// Which double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A model provider of five dialects.
    Model,
    /// A plain HTTP upstream.
    Upstream,
    /// An identity provider.
    Idp,
}

impl Kind {
    /// Every double.
    pub const ALL: [Self; 3] = [Self::Model, Self::Upstream, Self::Idp];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Upstream => "upstream",
            Self::Idp => "idp",
        }
    }

    /// Serves a new double on `listener`, with these faults from the beginning.
    ///
    /// # Errors
    ///
    /// Fails when the listener does, and when it is not on a loopback address: a double believes
    /// everyone and mints tokens for anyone.
    pub async fn serve(self, listener: TcpListener, faults: Vec<Fault>) -> io::Result<()> {
        let addr = listener.local_addr()?;
        if !addr.ip().is_loopback() {
            let why = format!("a mock is served on loopback only, and {addr} is not");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let (menu, router) = self.build(&format!("http://{addr}"));
        menu.set_all(faults);
        serve(listener, router).await
    }

    fn build(self, url: &str) -> (Faults, Router) {
        match self {
            Self::Model => {
                let model = ModelServer::new();
                (model.faults(), model.router())
            }
            Self::Upstream => {
                let upstream = UpstreamServer::new("mock");
                (upstream.faults(), upstream.router())
            }
            Self::Idp => {
                let idp = IdpServer::new(url);
                (idp.faults(), idp.router())
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("`{name}` is no mock; there are model, upstream and idp"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn only_loopback_is_served() {
        let open = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        let error = Kind::Model.serve(open, Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("loopback only"), "{error}");
    }

    #[test]
    fn names_are_read() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!(
            "llm"
                .parse::<Kind>()
                .unwrap_err()
                .contains("model, upstream and idp")
        );
    }
}
