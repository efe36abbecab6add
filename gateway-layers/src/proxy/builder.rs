use std::sync::Arc;

use gateway_core::Upstream;
use http::{HeaderName, HeaderValue, Uri};

use super::{
    Proxy, Tunnels,
    forwarded::{Forwarding, ViaLines},
    path::PathRule,
    service::Shared,
};
use crate::transport::{Client, socket};

/// Which `Host` the upstream sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The client's. The upstream can then make links that work for the client.
    #[default]
    Pass,
    /// The endpoint's own, as third-party hosts expect it.
    Upstream,
    /// This one.
    Set(HeaderValue),
}

/// Builder of [`Proxy`].
#[derive(Clone, Debug)]
pub struct ProxyBuilder {
    url: Uri,
    name: Option<Arc<str>>,
    client: Option<Client>,
    host: Host,
    forwarding: Forwarding,
    rfc7239: bool,
    via: Option<String>,
    strip_prefix: String,
    protect: Vec<HeaderName>,
    tunnels: Tunnels,
    interim: bool,
}

impl ProxyBuilder {
    pub(super) fn new(url: Uri) -> Self {
        Self {
            url,
            name: None,
            client: None,
            host: Host::Pass,
            forwarding: Forwarding::Replace,
            rfc7239: false,
            via: Some("gateway".to_owned()),
            strip_prefix: String::new(),
            protect: Vec::new(),
            tunnels: Tunnels::new(),
            interim: false,
        }
    }

    /// The name of the upstream in logs, metrics and refusals. Defaults to its host and port, which
    /// refusals then do not show.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The client, and with it pool, TLS and timeouts. Defaults to a client of its own.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Which `Host` the upstream sees. Defaults to [`Host::Pass`].
    #[must_use]
    pub fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// What to do with forwarding headers. Defaults to [`Forwarding::Replace`].
    #[must_use]
    pub const fn forwarding(mut self, forwarding: Forwarding) -> Self {
        self.forwarding = forwarding;
        self
    }

    /// Whether to send `Forwarded` (RFC 7239) beside `X-Forwarded-*`. Defaults to `false`.
    #[must_use]
    pub const fn rfc7239(mut self, on: bool) -> Self {
        self.rfc7239 = on;
        self
    }

    /// The pseudonym in `Via` of requests, or none to leave `Via` alone. Defaults to `gateway`.
    #[must_use]
    pub fn via(mut self, name: Option<&str>) -> Self {
        self.via = name.map(str::to_owned);
        self
    }

    /// Cuts this prefix from the path before the endpoint's own is put in front. Defaults to none.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.strip_prefix = prefix.into();
        self
    }

    /// Headers that layers of the gateway set and that a client's `Connection` cannot remove.
    /// Defaults to none; [`HopByHopLayer`](super::HopByHopLayer) needs no such list.
    #[must_use]
    pub fn protect(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.protect.extend(headers);
        self
    }

    /// Where upgraded connections are tracked. Defaults to a tracker of its own.
    #[must_use]
    pub fn tunnels(mut self, tunnels: Tunnels) -> Self {
        self.tunnels = tunnels;
        self
    }

    /// Whether `102` and `103` of the upstream are passed on to HTTP/1.1 clients. Defaults to `false`.
    #[must_use]
    pub const fn interim(mut self, on: bool) -> Self {
        self.interim = on;
        self
    }

    /// Builds the proxy. Nothing is connected before the first request.
    ///
    /// # Errors
    ///
    /// The URL is not absolute, not HTTP, or has a query; the `Via` pseudonym is not a token.
    pub fn build(self) -> Result<Proxy, BuildError> {
        if self.url.query().is_some() {
            return Err(BuildError("an endpoint's URL has no query"));
        }
        let client = self.client.unwrap_or_default();
        let origin = client
            .origin(&self.url)
            .ok_or(BuildError("an endpoint is an absolute http or https URL"))?;
        let via = self
            .via
            .map(|name| ViaLines::new(&name).ok_or(BuildError("the `Via` name is not a token")))
            .transpose()?;
        let endpoint: Arc<str> = match socket(&self.url) {
            Some(path) => format!("unix:{}", path.display()).into(),
            None => {
                let scheme = self.url.scheme_str().unwrap_or_default();
                let authority = origin.host().to_str().unwrap_or_default();
                format!("{scheme}://{authority}").into()
            }
        };
        Ok(Proxy::from_shared(Shared {
            named: self.name.is_some(),
            upstream: Upstream::new(self.name.unwrap_or_else(|| Arc::clone(&endpoint)), endpoint),
            path: PathRule::new(self.url.path(), &self.strip_prefix),
            origin,
            host: self.host,
            forwarding: self.forwarding,
            rfc7239: self.rfc7239,
            via,
            protect: self.protect,
            tunnels: self.tunnels,
            interim: self.interim,
        }))
    }
}

/// Why a proxy could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub(super) &'static str);
