//! The sockets of a config, and what connections pass on them.

use std::{io, net::SocketAddr};

use gateway_core::{Reloadable, Request, config::ConfigError};
use gateway_layers::{
    client_ip::ClientIpConfig,
    hsts::HstsLayer,
    https_redirect::HttpsRedirectLayer,
    proxy_protocol::{ProxyProtocol, ProxyProtocolConfig},
};
use tokio::task::JoinSet;
use tower::{ServiceBuilder, util::MapRequestLayer};

use super::{forward::Entered, termination::Terminations};
use crate::{
    config::{
        Config,
        model::{self, Bind, Slot},
    },
    server::{self, Address, Drain, Entrance, Limits, Listener, Places},
};

/// A listener of the config with its socket open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) is_tls: bool,
    socket: Listener,
    entrance: Entrance,
    redirect: Option<HttpsRedirectLayer>,
    hsts: Option<HstsLayer>,
    forward: Option<Entered>,
}

/// Why a listener cannot be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    Bind { address: String, source: io::Error },
    Config(ConfigError),
}

impl From<ConfigError> for OpenError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Opens all listeners before any of them serves; `instead` is the only one, if it is there.
pub(super) fn open(
    config: &Config,
    terminations: &Terminations,
    instead: Option<SocketAddr>,
) -> Result<Vec<Open>, OpenError> {
    if let Some(address) = instead {
        let plain = model::Listener::from(Bind::Tcp(address.into()));
        return Ok(vec![one("main", &plain, config, terminations)?]);
    }
    let all = config.all_listeners();
    let opened = all
        .iter()
        .map(|(name, listener)| one(name, listener, config, terminations));
    let mut opened = opened.collect::<Result<Vec<_>, _>>()?;
    // Port 0 is a port by now.
    let tls_port = opened.iter().find_map(|open| match &open.address {
        Address::Tcp(address) if open.is_tls => Some(address.port()),
        _ => None,
    });
    for (open, (_, listener)) in opened.iter_mut().zip(&all) {
        open.redirect = listener.redirect.map(|redirect| {
            let port = redirect.port.map(Into::into).or(tls_port);
            port.map_or_else(HttpsRedirectLayer::new, |port| {
                HttpsRedirectLayer::new().port(port)
            })
        });
    }
    Ok(opened)
}

fn one(
    name: &str,
    listener: &model::Listener,
    config: &Config,
    terminations: &Terminations,
) -> Result<Open, OpenError> {
    let hsts = listener.hsts.as_ref().and_then(Slot::get);
    let proxy_protocol = listener
        .proxy_protocol
        .as_ref()
        .map(|options| proxy_protocol(options, &config.client_ip));
    let entrance = Entrance {
        proxy_protocol: proxy_protocol.transpose()?,
        tls: listener
            .tls
            .as_ref()
            .and_then(|_| terminations.acceptor(name)),
        ..Entrance::default()
    };
    let bound = bind(listener).and_then(|socket| Ok((socket.address()?, socket)));
    let (address, socket) = bound.map_err(|source| OpenError::Bind {
        address: listener.bind.to_string(),
        source,
    })?;
    Ok(Open {
        name: name.to_owned(),
        address,
        is_tls: entrance.tls.is_some(),
        socket,
        entrance,
        redirect: None,
        hsts: hsts.map(HstsLayer::from_config).transpose()?,
        forward: config
            .forward_proxies
            .get(name)
            .map(|_| Entered(name.into())),
    })
}

/// Whoever is named nowhere else is trusted as a proxy, if proxies are named for HTTP.
pub(crate) fn proxy_protocol(
    options: &ProxyProtocolConfig,
    client_ip: &ClientIpConfig,
) -> Result<ProxyProtocol, ConfigError> {
    let mut options = options.clone();
    if options.trusted.is_empty() {
        options.trusted.clone_from(&client_ip.trusted_proxies);
    }
    ProxyProtocol::from_config(&options)
}

fn bind(listener: &model::Listener) -> io::Result<Listener> {
    match &listener.bind {
        Bind::Tcp(address) => server::bind(address.get()),
        #[cfg(unix)]
        Bind::Unix(path) => server::bind_unix(path, listener.mode.map(model::Mode::bits)),
        #[cfg(not(unix))]
        Bind::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Open {
    /// Where clients find it.
    pub(super) fn url(&self) -> String {
        match (&self.address, self.is_tls) {
            (Address::Tcp(address), true) => format!("https://{address}"),
            (Address::Tcp(address), false) => format!("http://{address}"),
            (Address::Unix(_), _) => self.address.to_string(),
        }
    }

    /// Serves until the drain starts, as one of `tasks`.
    pub(super) fn serve(
        self,
        tasks: &mut JoinSet<()>,
        service: Reloadable,
        (limits, places): (Limits, Places),
        drain: Drain,
    ) {
        let (socket, entrance) = (self.socket, self.entrance);
        if self.redirect.is_none() && self.hsts.is_none() && self.forward.is_none() {
            tasks.spawn(server::serve(
                socket, entrance, service, limits, places, drain,
            ));
            return;
        }
        let service = ServiceBuilder::new()
            .option_layer(self.hsts)
            .option_layer(self.redirect)
            .option_layer(self.forward.map(enter))
            .service(service);
        tasks.spawn(server::serve(
            socket, entrance, service, limits, places, drain,
        ));
    }
}

/// Says by which listener a request came.
fn enter(
    by: Entered,
) -> MapRequestLayer<impl FnMut(Request) -> Request + Clone + Send + Sync + 'static> {
    MapRequestLayer::new(move |mut request: Request| {
        request.extensions_mut().insert(by.clone());
        request
    })
}

pub(super) fn limits(config: &Config) -> Limits {
    let limits = &config.limits;
    Limits {
        header_bytes: limits.header_bytes.as_usize(),
        headers: usize::from(limits.headers),
        uri_bytes: limits.uri_bytes.as_usize(),
        header_timeout: limits.header_timeout.get(),
        idle: limits.idle.get(),
        max_connections: limits.max_connections as usize,
        max_connections_per_ip: limits.max_connections_per_ip,
        uncounted: config.client_ip.trusted_proxies.clone(),
        interim: config.upstreams.iter().any(|(_, up)| up.proxy.interim),
        ..Limits::default()
    }
}
