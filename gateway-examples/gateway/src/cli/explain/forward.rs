use gateway_layers::forward_proxy::ForwardProxy;
use http::{Method, Uri, uri::Scheme};

use crate::{cli::table::table, config::Config};

/// What the forward proxies say to the target, for requests that come by their listeners; nothing
/// where the target names no host, or there is none.
pub(super) fn text(config: &Config, method: &Method, target: &Uri) -> String {
    let Some(host) = target.host() else {
        return String::new();
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let usual = match target.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => 443,
        _ if *method == Method::CONNECT => 443,
        _ => 80,
    };
    let port = target.port_u16().unwrap_or(usual);
    let rows = config.forward_proxies.iter().filter_map(|(name, options)| {
        let proxy = ForwardProxy::from_config(options).ok()?;
        let may = match proxy.admits(host, port) {
            false => "no: 403 blocked",
            true if host.parse::<std::net::IpAddr>().is_ok() => "yes",
            true => "yes, if its addresses are allowed",
        };
        let asks = match options.users.is_empty() {
            true => "nobody is asked who they are",
            false => "to users with a secret",
        };
        Some([
            name.to_owned(),
            format!("{host}:{port}"),
            format!("{may}; {asks}"),
        ])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n{}",
        table(
            ["BY LISTENER, AS A PROXY", "TARGET", "MAY BE REACHED"],
            &rows
        )
    )
}
