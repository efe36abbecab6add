use std::sync::Arc;

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
                Ok(Endpoint::new(url, proxy))
            })
            .collect::<Result<Vec<_>, BuildError>>()?;
        Ok(Self::new(name, endpoints))
    }
}
