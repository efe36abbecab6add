use std::sync::Arc;

use http::Uri;

use super::{Balance, Endpoint};
use crate::{
    proxy::{BuildError, Proxy},
    transport::Client,
};

impl Balance<Proxy> {
    /// Spreads requests over the endpoints at `urls`, with the defaults of [`Proxy`] and one client.
    ///
    /// # Errors
    ///
    /// One of `urls` is not an absolute `http` or `https` URL.
    pub fn proxies<'a>(
        name: impl Into<Arc<str>>,
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BuildError> {
        let name = name.into();
        let client = Client::new();
        let endpoints = urls
            .into_iter()
            .map(|url| {
                let proxy = Proxy::builder(url)?
                    .name(Arc::clone(&name))
                    .client(client.clone())
                    .build()?;
                let endpoint = Endpoint::new(url, proxy);
                Ok(match address(url) {
                    Some(address) => endpoint.address(address),
                    None => endpoint,
                })
            })
            .collect::<Result<Vec<_>, BuildError>>()?;
        Ok(Self::new(name, endpoints))
    }
}

/// Where the endpoint at `url` listens.
pub(super) fn address(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let default = match uri.scheme_str()? {
        "https" => 443,
        _ => 80,
    };
    let host = uri.host()?;
    let port = uri.port_u16().unwrap_or(default);
    Some(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_port_of_their_scheme() {
        for (url, expected) in [
            ("http://a", "a:80"),
            ("https://a/b", "a:443"),
            ("http://[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(address(url).as_deref(), Some(expected));
        }
        assert_eq!(address("a"), None);
    }
}
