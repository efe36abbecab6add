use std::{sync::Arc, time::Duration};

use hyper_util::client::legacy::connect::HttpConnector;

use super::{
    ForwardProxy,
    address::Addresses,
    auth::Users,
    policy::{Pattern, Policy},
    resolve::Resolver,
    service::Shared,
};
use crate::{
    client_ip::Cidr,
    proxy::{Tunnels, ViaLines},
};

/// Builder of [`ForwardProxy`].
#[derive(Clone)]
pub struct ForwardProxyBuilder {
    allow: Vec<String>,
    deny: Vec<String>,
    ports: Vec<u16>,
    addresses: Addresses,
    users: Vec<(String, String)>,
    realm: String,
    connect_timeout: Duration,
    idle_timeout: Duration,
    via: String,
}

impl ForwardProxyBuilder {
    pub(super) fn new() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            ports: vec![80, 443],
            addresses: Addresses::default(),
            users: Vec::new(),
            realm: "gateway".to_owned(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(300),
            via: "gateway".to_owned(),
        }
    }

    /// Allows hosts: `example.com`, `*.example.com`, `example.com:8443`. Defaults to all.
    #[must_use]
    pub fn allow(mut self, pattern: impl Into<String>) -> Self {
        self.allow.push(pattern.into());
        self
    }

    /// Denies hosts, also those that are allowed. Defaults to none.
    #[must_use]
    pub fn deny(mut self, pattern: impl Into<String>) -> Self {
        self.deny.push(pattern.into());
        self
    }

    /// Ports that may be asked for where the pattern of the host names none. Defaults to 80 and 443.
    #[must_use]
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = ports.into_iter().collect();
        self
    }

    /// Allows addresses that are not public. Defaults to none.
    #[must_use]
    pub fn allow_addresses(mut self, network: Cidr) -> Self {
        self.addresses.allow.push(network);
        self
    }

    /// Denies addresses, also those that are public or allowed. Defaults to none.
    #[must_use]
    pub fn deny_addresses(mut self, network: Cidr) -> Self {
        self.addresses.deny.push(network);
        self
    }

    /// Admits a user: by `Basic` with name and secret, or by `Bearer` with the secret alone. Defaults
    /// to nobody in particular: without users everybody is admitted.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, secret: impl Into<String>) -> Self {
        self.users.push((name.into(), secret.into()));
        self
    }

    /// The realm of the challenge. Defaults to `gateway`.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// How long name resolution and TCP may take together. Defaults to 5 s.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a tunnel may be silent, and a pooled connection unused. Defaults to five minutes.
    #[must_use]
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// The pseudonym in `Via`. Defaults to `gateway`.
    #[must_use]
    pub fn via(mut self, name: impl Into<String>) -> Self {
        self.via = name.into();
        self
    }

    /// Builds the proxy. Nothing is connected before the first request.
    ///
    /// # Errors
    ///
    /// A pattern is malformed, a user's name has a colon, a secret is empty or given twice, a time is
    /// zero, or realm or pseudonym cannot stand in their header.
    pub fn build(self) -> Result<ForwardProxy, BuildError> {
        self.check()?;
        let via = ViaLines::new(&self.via)
            .ok_or_else(|| BuildError::new("via", "the `Via` name is not a token"))?;
        let addresses = Arc::new(self.addresses);
        let mut connector = HttpConnector::new_with_resolver(Resolver::new(Arc::clone(&addresses)));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.connect_timeout));
        let policy = Policy {
            allow: patterns("allow", &self.allow)?,
            deny: patterns("deny", &self.deny)?,
            ports: self.ports,
        };
        Ok(ForwardProxy::from_shared(Shared {
            users: Users::new(&self.users, &self.realm),
            client: super::forward::client(connector.clone(), self.idle_timeout),
            tunnels: Tunnels::new().idle_timeout(self.idle_timeout),
            connect_timeout: self.connect_timeout,
            connector,
            policy,
            addresses,
            via,
        }))
    }

    fn check(&self) -> Result<(), BuildError> {
        for (index, (name, secret)) in self.users.iter().enumerate() {
            let at = format!("users.{name}");
            if name.is_empty() || name.contains(':') {
                return Err(BuildError::new(at, "a name is not empty and has no colon"));
            }
            if secret.is_empty() {
                return Err(BuildError::new(at, "the secret is empty"));
            }
            let known = &self.users[..index];
            if known.iter().any(|(n, s)| n == name || s == secret) {
                return Err(BuildError::new(at, "this name or secret is already listed"));
            }
        }
        if self.connect_timeout.is_zero() {
            return Err(BuildError::new("connect", "no time to connect"));
        }
        if self.idle_timeout.is_zero() {
            return Err(BuildError::new("idle", "every tunnel would be idle"));
        }
        let quotable = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
        if !self.realm.bytes().all(quotable) {
            return Err(BuildError::new("realm", "the realm cannot be quoted"));
        }
        Ok(())
    }
}

fn patterns(path: &str, texts: &[String]) -> Result<Vec<Pattern>, BuildError> {
    let each = texts.iter().enumerate();
    each.map(|(index, text)| {
        text.parse().map_err(|()| {
            let message =
                format!("`{text}` is not a host: write `a.example`, `*.a.example` or `*`");
            BuildError::new(format!("{path}[{index}]"), message)
        })
    })
    .collect()
}

/// Secrets are not shown.
impl std::fmt::Debug for ForwardProxyBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForwardProxyBuilder")
            .field("allow", &self.allow)
            .field("deny", &self.deny)
            .finish_non_exhaustive()
    }
}

/// Why a forward proxy could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct BuildError {
    path: String,
    message: String,
}

impl BuildError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// Which setting, by its name in a config: `allow[0]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}
